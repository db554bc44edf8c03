import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { describe, expect, it } from 'vitest';
import { HANDLEBARS_OPTIONS } from '../build/templates-plugin.mjs';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { clientReadmeView } from '../src/targets/client/readme.ts';
import { clientFiles } from '../src/targets/client/sources.ts';
import { redisConfView, sentinelConfView, usersView } from '../src/targets/conf/views.ts';
import { envView, readmeView } from '../src/targets/docs/views.ts';
import { tool } from './support/engines.ts';

const templates = fileURLToPath(new URL('../templates/', import.meta.url));

const models = [
  {},
  { topology: { kind: 'sentinel' }, workload: ['queue'], engine: { name: 'valkey', version: '8.1' } },
  { topology: { kind: 'cluster' }, targets: [], persistence: { mode: 'hybrid' } },
  { persistence: { mode: 'none' }, targets: ['compose'] },
  { client: { library: 'ioredis', patterns: [] } },
  { client: { patterns: ['all'] } },
].map((input) => buildModel(expectValue(parseSpec(input, 'shop')).spec));

/** Every template with the views that it is really filled with. */
const views: Readonly<Record<string, readonly object[]>> = {
  'client/README.md.hbs': models.map((m) => clientReadmeView(m, clientFiles(m))),
  'conf/redis.conf.hbs': models.map(redisConfView),
  'conf/sentinel.conf.hbs': models.flatMap((m) => (m.sentinel ? [sentinelConfView(m.sentinel, m)] : [])),
  'conf/users.acl.hbs': models.map((m) => usersView('Users', m.users)),
  'docs/README.md.hbs': models.map(readmeView),
  'docs/env.example.hbs': models.map(envView),
  'docs/gitignore.hbs': [{}],
};

function list(folder: string, ending: string): readonly string[] {
  return readdirSync(join(templates, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : list(path, ending);
    return path.endsWith(ending) ? [path] : [];
  });
}

type Node = hbs.AST.Node & Record<string, unknown>;

/** Paths that a template asks for and a view does not have. Strict mode misses `{{#if typo}}` and `{{#each typo}}`. */
function missing(node: unknown, view: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap((n) => missing(n, view));
  if (typeof node !== 'object' || node === null) return [];
  const { type, path, params, program, inverse, body } = node as Node;
  if (type === 'Program') return missing(body, view);
  if (type === 'MustacheStatement') return lookUp(path as hbs.AST.PathExpression, view).problems;
  if (type !== 'BlockStatement') return [];
  const [subject] = params as hbs.AST.PathExpression[];
  const { problems, value } = lookUp(subject as hbs.AST.PathExpression, view);
  const isEach = (path as hbs.AST.PathExpression).original === 'each';
  const inner = isEach ? (Array.isArray(value) ? value : []) : [view];
  return [...problems, ...inner.flatMap((v) => missing(program, v)), ...missing(inverse, view)];
}

function lookUp(
  path: hbs.AST.PathExpression,
  view: unknown,
): { problems: readonly string[]; value: unknown } {
  let value = view;
  for (const part of path.parts.map(String)) {
    if (typeof value !== 'object' || value === null || !(part in value))
      return { problems: [path.original], value: undefined };
    value = (value as Record<string, unknown>)[part];
  }
  return { problems: [], value };
}

describe('Handlebars templates', () => {
  it('are all known here', () => {
    expect([...list('', '.hbs')].sort()).toEqual(Object.keys(views).sort());
  });

  it.each(Object.keys(views))('%s asks for nothing that its view lacks', (name) => {
    const ast = Handlebars.parse(readFileSync(join(templates, name), 'utf8'));
    for (const view of views[name] ?? []) expect(missing(ast, view)).toEqual([]);
  });

  it('would notice a typo', () => {
    expect(
      missing(Handlebars.parse('{{#if nmae}}x{{/if}}{{#each items}}{{titel}}{{/each}}'), {
        name: 'x',
        items: [{ title: 'y' }],
      }),
    ).toEqual(['nmae', 'titel']);
  });

  it('escape nothing', () => {
    const render = Handlebars.compile('{{value}}', HANDLEBARS_OPTIONS);
    expect(render({ value: `&<>"'\`=` })).toBe(`&<>"'\`=`);
  });
});

/** What a script sources is read with it. */
const SHELLCHECK = ['--shell=sh', '--severity=style', '--external-sources', '--source-path=SCRIPTDIR'];

describe('scripts that run in containers', () => {
  it.each(list('compose', '.sh'))('%s is clean POSIX shell', (name) => {
    execFileSync('sh', ['-n', join(templates, name)]);
    execFileSync(tool('shellcheck'), [...SHELLCHECK, join(templates, name)]);
  });
});

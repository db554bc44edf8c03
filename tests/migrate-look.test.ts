import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  asProblem,
  estimate,
  inWords,
  type NodeFacts,
  obstacles,
  routeOf,
  type SourceFacts,
  type Surroundings,
} from '../src/migrate/look/index.ts';
import { buildModel } from '../src/model/build.ts';
import type { StackModel } from '../src/model/types.ts';
import { expectValue, formatProblem } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { caseNames, caseRoot } from './support/case-folders.ts';
import { changed, type Tree } from './support/changed-facts.ts';

const KIND = 'migrate-look';

interface Given {
  /** Absent for a foreign server. */
  readonly before?: SpecInput;
  readonly after: SpecInput;
  readonly more?: Partial<Surroundings>;
  /** What is other than in healthy.json, a node each. */
  readonly nodes?: readonly Tree[];
  readonly unseen?: SourceFacts['unseen'];
  readonly silent?: SourceFacts['silent'];
}

const healthy = JSON.parse(readFileSync(join(caseRoot(KIND), 'healthy.json'), 'utf8')) as NodeFacts;

const modelOf = (input: SpecInput): StackModel =>
  buildModel(expectValue(parseSpec({ engine: { name: 'redis', version: '7.0' }, ...input }, 'shop')).spec);

function readCase(name: string) {
  const given = parse(readFileSync(join(caseRoot(KIND), name, 'case.yaml'), 'utf8')) as Given;
  const changes = given.nodes ?? [{}];
  const facts: SourceFacts = {
    nodes: changes.map((change) => changed(healthy as unknown as Tree, change) as unknown as NodeFacts),
    unseen: given.unseen ?? [],
    silent: given.silent ?? [],
  };
  const more: Surroundings = { ground: 'native', foreign: given.before === undefined, ...given.more };
  return { facts, before: given.before && modelOf(given.before), after: modelOf(given.after), more };
}

/** What a person reads: how long it takes, then each finding. */
function screen(name: string): string {
  const { facts, before, after, more } = readCase(name);
  const { copySeconds, growSeconds, slotsSeconds, pauseMs } = estimate(facts, routeOf(before, after));
  const times = `copy ${inWords(copySeconds)}, replicas ${inWords(growSeconds)}, slots ${inWords(slotsSeconds)}, pause ${pauseMs.high} ms at most\n`;
  const found = obstacles(facts, before, after, more).map(asProblem);
  return [times, ...found.map((one) => `${one.code}\n${formatProblem(one)}\n`)].join('\n');
}

describe('facts of servers, and what stands against a migration', () => {
  it.each(caseNames(KIND))('%s', (name) => {
    const path = join(caseRoot(KIND), name, 'findings.txt');
    const found = screen(name);
    if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(path, found);
    expect(found).toBe(readFileSync(path, 'utf8'));
  });

  it('every code has a case that shows it', () => {
    const shown = caseNames(KIND).map((name) =>
      readFileSync(join(caseRoot(KIND), name, 'findings.txt'), 'utf8'),
    );
    const text = shown.join('\n');
    expect(codesInRules().filter((code) => !new RegExp(`^migrate/${code}$`, 'm').test(text))).toEqual([]);
    expect(codesInRules().length).toBeGreaterThan(25);
  });

  it('docs/migrating.md explains each code', () => {
    const page = readFileSync(join(caseRoot(KIND), '../../docs/migrating.md'), 'utf8');
    const table = page.split('\n').filter((line) => line.startsWith('| `'));
    const explained = table.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)]);
    expect(explained.map(([, code]) => code).sort()).toEqual([...codesInRules()].sort());
  });

  it('a server in good order has nothing against it', () => {
    const { facts, before, after, more } = readCase('in-good-order');
    expect(obstacles(facts, before, after, more)).toEqual([]);
  });

  it('facts with nothing in them are judged without an exception', () => {
    const { at } = healthy;
    const bare: NodeFacts = {
      at,
      engine: undefined,
      version: undefined,
      memory: undefined,
      databases: undefined,
      replication: undefined,
      load: undefined,
      persistence: undefined,
      clients: undefined,
      calls: undefined,
      functionLibraries: undefined,
      modules: undefined,
      cluster: undefined,
      bigKey: undefined,
      rights: {
        psync: undefined,
        replconf: undefined,
        'client|pause': undefined,
        'client|unpause': undefined,
        'client|kill': undefined,
        'config|set': undefined,
      },
    };
    const after = modelOf({ topology: { kind: 'cluster' } });
    const found = obstacles({ nodes: [bare], unseen: [], silent: [] }, undefined, after, {
      ground: 'native',
      foreign: true,
    });
    expect(found.filter(({ level }) => level === 'stops')).toEqual([]);
  });
});

/** The ids that rules are written with, out of their source. */
function codesInRules(): readonly string[] {
  const files = ['keys', 'memory', 'release', 'replication', 'servers', 'sight', 'stack'];
  const folder = join(caseRoot(KIND), '../../src/migrate/look/rules');
  const text = files.map((file) => readFileSync(join(folder, `${file}.ts`), 'utf8')).join('\n');
  const called = [
    ...text.matchAll(/(?:stops|warns)\(\s*'([a-z-]+)'/g),
    ...text.matchAll(/tooSmall\(\s*given,\s*'([a-z-]+)'/g),
  ];
  return [...new Set(called.map(([, id = '']) => id))];
}

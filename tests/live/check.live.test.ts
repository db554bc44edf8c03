import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, newest } from '../support/engines.ts';
import { paired } from '../support/matrix.ts';
import { createStack, type Stack } from './stack.ts';

interface Check {
  readonly id: string;
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly at: string; readonly message: string }[];
}

async function check(
  stack: Stack,
  ...words: readonly string[]
): Promise<{ code: number; checks: readonly Check[] }> {
  const { code, out } = await stack.command('check', stack.dir, '--json', ...words);
  return { code, checks: (JSON.parse(out) as { checks: Check[] }).checks };
}

const scratch = () => readdirSync(tmpdir()).filter((name) => name.startsWith('redis-stack-check-'));

const matrix = paired(engines(), ['standalone', 'sentinel', 'cluster'] as const).map(([engine, kind]) => ({
  kind,
  engine,
  title: `${engine.name} ${engine.version}`,
}));

describe('the real server, Sentinel, Compose and compiler take what is written', () => {
  it.each(matrix)('$kind on $title', async (row) => {
    const { kind, engine } = row;
    const stack = await createStack(engine, '--topology', kind);
    try {
      // The compiler looks at the same client every time: once for each topology is enough.
      const isFirst = matrix.find((one) => one.kind === kind) === row;
      const only = isFirst ? [] : ['--only', 'files,server,sentinel,compose'];
      const { code, checks } = await check(stack, '--strict', ...only);
      expect(checks.filter((c) => c.status !== 'ok')).toEqual([]);
      expect(checks.map((c) => c.id)).toContain(kind === 'sentinel' ? 'sentinel' : 'server');
      expect(code).toBe(0);
    } finally {
      await stack.dispose();
    }
  });
});

describe('what a program would not take is found', () => {
  let stack: Stack;
  const originals = new Map<string, string>();

  beforeAll(async () => {
    stack = await createStack(newest('redis'), '--topology', 'sentinel');
  });
  afterAll(() => stack.dispose());

  function edit(path: string, change: (text: string) => string): void {
    const file = join(stack.dir, path);
    const text = readFileSync(file, 'utf8');
    originals.set(file, text);
    writeFileSync(file, change(text));
  }

  const cases: readonly (readonly [
    what: string,
    checker: string,
    code: string,
    path: string,
    change: (text: string) => string,
  ])[] = [
    [
      'a value that the server changes',
      'server',
      'server/value-changed',
      'conf/redis.conf',
      (t) => `${t}hz 9999\n`,
    ],
    ['a directive that is none', 'server', 'server/refused', 'conf/redis.conf', (t) => `${t}maxmemry 1gb\n`],
    [
      'a bad value',
      'server',
      'server/refused',
      'conf/redis.conf',
      (t) => t.replace(/^appendonly .*/m, 'appendonly perhaps'),
    ],
    [
      'a command that no ACL can name',
      'server',
      'server/refused',
      'conf/users.acl',
      (t) => t.replace('+psync', '+psnyc'),
    ],
    [
      'a Sentinel that cannot log in',
      'sentinel',
      'sentinel/cannot-watch',
      'conf/users.acl',
      (t) => t.replace(/^user sentinel on .*/m, 'user sentinel on +ping'),
    ],
    [
      'a Sentinel option that is none',
      'sentinel',
      'server/refused',
      'conf/sentinel.conf',
      (t) => `${t}sentinel down-after mymaster 5000\n`,
    ],
    [
      'a Compose key that is none',
      'compose',
      'compose/schema',
      'compose.yaml',
      (t) => t.replace('read_only: true', 'readonly: true'),
    ],
    [
      'a Compose network that is not there',
      'compose',
      'compose/refused',
      'compose.yaml',
      (t) => t.replace(/^networks:/m, 'x-networks:'),
    ],
    [
      'a type error in the client',
      'client',
      'client/not-compiled',
      'client/src/stack.ts',
      (t) => t.replace("kind: 'sentinel'", "kind: 'cluster'"),
    ],
  ];

  it.each(cases)('%s', async (_, checker, code, path, change) => {
    edit(path, change);
    try {
      const result = await check(stack, '--only', checker);
      expect(result.code).toBe(1);
      expect(result.checks[0]?.findings.map((f) => f.code)).toContain(code);
    } finally {
      for (const [file, text] of originals) writeFileSync(file, text);
    }
  });

  it('but an edit of the user that every program takes is not', async () => {
    edit('conf/redis.conf', (t) => t.replace(/^maxmemory-policy .*/m, 'maxmemory-policy allkeys-lru'));
    const { code } = await check(stack, '--only', 'files,server');
    for (const [file, text] of originals) writeFileSync(file, text);
    expect(code).toBe(0);
  });

  it('a spec that was changed without writing the stack again is drift', async () => {
    edit('redis-stack.yaml', (t) => t.replace('limit: 1Gi', 'limit: 2Gi'));
    const { code, checks } = await check(stack, '--only', 'files');
    for (const [file, text] of originals) writeFileSync(file, text);
    expect(code).toBe(1);
    expect(checks[0]?.findings.map((f) => f.at)).toEqual(
      expect.arrayContaining(['conf/redis.conf', 'compose.yaml']),
    );
  });

  it('and no scratch folder stays behind', () => {
    appendFileSync(join(stack.dir, 'README.md'), '');
    expect(scratch()).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isOver, READ_AT_SECONDS, supportOf } from '../../src/engines/support.ts';
import { type Engine, engine, newest, newestWithTls } from '../support/engines.ts';
import { runCommand } from '../support/run-command.ts';
import { createStack, type Stack } from './stack.ts';

let stack: Stack | undefined;

afterEach(async () => {
  await stack?.dispose();
  stack = undefined;
});

interface Said {
  readonly findings: readonly {
    readonly id: string;
    readonly severity: string;
    readonly at: string;
    readonly message: string;
  }[];
  readonly unseen: readonly unknown[];
  readonly allow: string | null;
  readonly nodes: readonly unknown[];
}

async function started(on: Engine, ...flags: readonly string[]): Promise<Stack> {
  stack = await createStack(on, ...flags);
  await stack.up();
  return stack;
}

async function asked(of: Stack, ...flags: readonly string[]): Promise<Said> {
  const { out, err } = await of.command('doctor', of.dir, '--json', ...flags);
  if (!out.startsWith('{')) throw new Error(out + err);
  return JSON.parse(out) as Said;
}

const bad = ({ findings }: Said) => findings.filter(({ severity }) => severity !== 'note');

/**
 * What is to be said of an engine, however well its stack is made: the servers of the tests are not the latest of their
 * lines, and some lines have ended.
 */
const aboutRelease = ({ name, line }: Engine): readonly string[] => {
  const support = supportOf(name, line);
  const hasEnded = support !== undefined && isOver(support, READ_AT_SECONDS);
  return ['release-known-holes', ...(hasEnded ? ['release-out-of-support'] : [])];
};

const VALKEY = newest('valkey');
const REDIS = newest('redis');
const OLD = engine('redis', '7.0');

const CLEAN: readonly (readonly [Engine, ...string[]])[] = [
  [VALKEY, '--topology', 'standalone', '--workload', 'cache'],
  [REDIS, '--topology', 'standalone', '--workload', 'primary-data'],
  [OLD, '--topology', 'standalone', '--workload', 'queue'],
  [engine('valkey', '8.1'), '--topology', 'standalone', '--workload', 'sessions', '--tls'],
  [VALKEY, '--topology', 'sentinel', '--workload', 'sessions', '--tls'],
  [REDIS, '--topology', 'sentinel', '--workload', 'rate-limiting'],
  [engine('valkey', '8.0'), '--topology', 'sentinel', '--workload', 'cache'],
  [VALKEY, '--topology', 'cluster', '--workload', 'cache'],
  [OLD, '--topology', 'cluster', '--workload', 'primary-data'],
  [newestWithTls('redis'), '--topology', 'cluster', '--workload', 'queue', '--tls'],
];

describe('a stack as it was written', () => {
  it.each(CLEAN.map(([on, ...flags]) => [`${on.name} ${on.line} ${flags.join(' ')}`, on, flags] as const))(
    '%s: nothing to warn of',
    async (_, on, flags) => {
      const of = await started(on, ...flags);
      const said = await asked(of);
      const ofRelease = aboutRelease(on);
      expect(bad(said).filter(({ id }) => !ofRelease.includes(id))).toEqual([]);
      expect(said.nodes.length).toBeGreaterThan(0);
      expect(said.unseen).toEqual([]);
      const { code } = await of.command('doctor', of.dir, ...ofRelease.flatMap((id) => ['--ignore', id]));
      expect(code).toBe(0);
    },
  );
});

describe('the command', () => {
  it('sees what probe may see, and names the rule that would show the rest; finds what was changed behind the back of the files', async () => {
    const of = await started(VALKEY, '--topology', 'sentinel', '--workload', 'primary-data');
    const least = await asked(of, '--as', 'probe');
    expect(bad(least)).toEqual([]);
    expect(least.nodes.length).toBeGreaterThan(1);
    expect(least.allow).toContain('+config|get');

    const primary = (await of.status()).nodes.find(({ role }) => role === 'primary')?.name ?? '';
    const set = (...words: readonly string[]) =>
      of.command(
        'exec',
        of.dir,
        '--user',
        'admin',
        '--node',
        primary,
        '--',
        'valkey-cli',
        'CONFIG',
        'SET',
        ...words,
      );
    await set('appendonly', 'no');
    await set('maxmemory', '100mb');
    const drifted = await asked(of);
    expect(bad(drifted).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['log-off-where-promised', 'differs-from-model']),
    );
    const { code, out } = await of.command(
      'doctor',
      of.dir,
      '--fix',
      '--html',
      join(of.dir, '..', 'page.html'),
    );
    expect(code).toBe(1);
    expect(out).toContain('maxmemory');
    expect(readFileSync(join(of.dir, '..', 'page.html'), 'utf8')).toContain('differs-from-model');
    const sarif = JSON.parse((await of.command('doctor', of.dir, '--sarif')).out) as {
      runs: { results: { ruleId: string }[] }[];
    };
    expect(sarif.runs[0]?.results.map(({ ruleId }) => ruleId)).toContain('differs-from-model');
  });

  it('finds data nodes from the address of a Sentinel that has users of its own', async () => {
    const of = await started(VALKEY, '--topology', 'sentinel', '--workload', 'sessions');
    const at = (await of.status()).nodes.find(({ role }) => role === 'sentinel')?.port;
    const password = (user: string) => readFileSync(join(of.dir, '.secrets', user), 'utf8').trim();
    const words = [
      'doctor',
      `redis://app@127.0.0.1:${at}`,
      '--sentinel-user',
      'admin',
      '--keys',
      '0',
      '--json',
    ];
    const env = { REDISCLI_AUTH: password('app'), REDIS_SENTINEL_PASSWORD: password('admin') };
    const { out, err } = await runCommand('/', words, env);
    expect(err).toBe('');
    const said = JSON.parse(out) as Said & { readonly sentinels: readonly unknown[] };
    expect(said.nodes.length).toBeGreaterThan(1);
    expect(said.sentinels).toHaveLength(3);
  });

  it('holds the spec against the rules where nothing runs', async () => {
    stack = await createStack(VALKEY, '--topology', 'standalone', '--set', 'security.allow=[flushall]');
    const said = await asked(stack);
    expect(said.nodes).toHaveLength(1);
    expect(bad(said).map(({ id }) => id)).toEqual(['dangerous-commands']);
  });
});

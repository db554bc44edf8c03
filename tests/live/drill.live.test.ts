import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { createStack, type Stack } from './stack.ts';

interface Row {
  readonly scenario: string;
  readonly writeGapMs: number;
  readonly readGapMs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly givenUp: number;
  readonly kept: boolean;
  readonly notes: readonly string[];
}

interface Report {
  readonly kept: boolean;
  readonly scenarios: readonly Row[];
  readonly notRun: readonly string[];
}

async function drill(stack: Stack, only: string, ...words: readonly string[]): Promise<readonly Row[]> {
  const { code, out, err } = await stack.command(
    'drill',
    stack.dir,
    '--yes',
    '--json',
    '--only',
    only,
    ...words,
  );
  if (code !== 0) throw new Error(`drill gave ${code}:\n${out}${err}`);
  const { kept, scenarios, notRun } = JSON.parse(out) as Report;
  expect({ kept, notRun }).toEqual({ kept: true, notRun: [] });
  expect(scenarios.map(({ scenario }) => scenario).sort()).toEqual(only.split(',').sort());
  return scenarios;
}

/** Keys of the stack, on all primaries. */
async function keys(stack: Stack): Promise<number> {
  const { nodes } = await stack.status();
  return nodes.filter((node) => node.role === 'primary').reduce((sum, node) => sum + node.keys, 0);
}

const journal = (stack: Stack): string => join(stack.dir, '.redis-stack/run/drill.json');

/** Frozen processes have the state T. */
const isFrozen = (pid: number): boolean =>
  / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1) ?? '');

describe.each([
  { topology: 'sentinel', engine: newest('redis') },
  { topology: 'cluster', engine: newest('valkey') },
] as const)('a drill of a $topology stack of $engine.name', ({ topology, engine }) => {
  let stack: Stack;
  let before = 0;

  beforeAll(async () => {
    stack = await createStack(engine, '--topology', topology, '--workload', 'primary-data');
    await stack.up();
    before = await keys(stack);
  });

  afterAll(() => stack.dispose());

  it('a planned restart of every node loses nothing, nor does the death of a replica', async () => {
    const rows = await drill(stack, 'restart-all,replica-kill');
    expect(rows.map(({ lost, givenUp }) => ({ lost, givenUp }))).toEqual(
      rows.map(() => ({ lost: 0, givenUp: 0 })),
    );
  });

  it('a primary that dies or hangs is replaced, and the account says how long that took', async () => {
    const rows = await drill(stack, 'kill,freeze');
    for (const { writeGapMs, readGapMs, acknowledged, lost } of rows) {
      // A replica takes over when the primary was silent for the five seconds of the configuration.
      expect(writeGapMs).toBeGreaterThan(4000);
      expect(readGapMs).toBeGreaterThan(4000);
      expect(acknowledged).toBeGreaterThan(500);
      expect(lost).toBeLessThan(acknowledged / 10);
    }
  });

  it('with replicas that confirm each write a crash loses none', async () => {
    const [row] = await drill(stack, 'kill', '--wait-replicas', '1');
    expect(row).toMatchObject({ lost: 0 });
  });

  it('leaves no key and no journal behind', async () => {
    await until('as many keys as before', async () => (await keys(stack)) === before);
    expect(existsSync(journal(stack))).toBe(false);
  });

  it('what a killed drill left frozen is given back by --mend', async () => {
    const cut = execa('node', [stack.cli, 'drill', stack.dir, '--yes', '--only', 'freeze'], {
      env: stack.env,
      extendEnv: false,
      reject: false,
    });
    const harm = await until('a node is frozen', () => {
      if (!existsSync(journal(stack))) return undefined;
      const { harms } = JSON.parse(readFileSync(journal(stack), 'utf8')) as { harms: { node: string }[] };
      const [first] = harms;
      return first !== undefined && isFrozen(stack.pid(first.node)) ? first : undefined;
    });
    cut.kill('SIGKILL');
    await cut;
    expect(isFrozen(stack.pid(harm.node))).toBe(true);

    const mended = await stack.command('drill', stack.dir, '--mend', '--json');
    expect(JSON.parse(mended.out)).toEqual({ mended: [harm.node] });
    expect(isFrozen(stack.pid(harm.node))).toBe(false);
    expect(existsSync(journal(stack))).toBe(false);
    await until('the stack is ready', async () => (await stack.status()).ready, { timeoutMs: 60_000 });
  });

  it('what Ctrl-C interrupts is given back at once', async () => {
    const cut = execa('node', [stack.cli, 'drill', stack.dir, '--yes', '--only', 'kill'], {
      env: stack.env,
      extendEnv: false,
      reject: false,
    });
    await until('a node is down', () =>
      existsSync(journal(stack)) ? /"stopped"/.test(readFileSync(journal(stack), 'utf8')) : false,
    );
    cut.kill('SIGINT');
    const { exitCode, stdout } = await cut;
    expect(exitCode).toBe(130);
    expect(String(stdout)).toContain('Everything was given back.');
    expect(existsSync(journal(stack))).toBe(false);
    await until('the stack is ready', async () => (await stack.status()).ready, { timeoutMs: 60_000 });
  });

  it('a stack that is not well is not harmed further', async () => {
    const node = (await stack.status()).nodes.find(({ role }) => role === 'replica');
    if (node === undefined) throw new Error('there is a replica');
    await stack.signal(node.name);
    await until('it is missed', async () => !(await stack.status()).ready);
    const { code, out } = await stack.command('drill', stack.dir, '--yes', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ problems: [{ code: 'drill/not-healthy' }] });
    expect(existsSync(journal(stack))).toBe(false);
  });
});

describe('before anything is done', () => {
  it('nothing is done where nothing runs, or nobody has agreed', async () => {
    const stack = await createStack(newest('redis'), '--topology', 'standalone');
    try {
      const refusal = async (...words: readonly string[]) => {
        const { code, out } = await stack.command('drill', stack.dir, '--json', ...words);
        expect(code).toBe(2);
        return (JSON.parse(out) as { problems: { code: string }[] }).problems.map((problem) => problem.code);
      };
      expect(await refusal('--yes')).toEqual(['local/not-started']);
      await stack.up();
      expect(await refusal()).toEqual(['drill/not-confirmed']);
      expect(await refusal('--yes', '--only', 'kill-sentinel')).toEqual(['drill/not-suited']);
      expect(await refusal('--yes', '--wait-replicas', '1')).toEqual(['drill/too-few-replicas']);
      expect((await stack.status()).ready).toBe(true);
    } finally {
      await stack.dispose();
    }
  });
});

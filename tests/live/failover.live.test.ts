import { afterEach, describe, expect, it } from 'vitest';
import { identify } from '../../src/local/process.ts';
import { engines, newest } from '../support/engines.ts';
import { paired } from '../support/matrix.ts';
import { until } from '../support/until.ts';
import { compileClient, createStack, type Stack } from './stack.ts';
import { lost, writeThrough } from './write-through.ts';

const stacks: Stack[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(engine: Parameters<typeof createStack>[0], ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(engine, ...flags);
  stacks.push(stack);
  await stack.up();
  await compileClient(stack.dir);
  return stack;
}

const KINDS = ['standalone', 'sentinel', 'cluster'] as const;
const matrix = paired(engines(), KINDS).map(([engine, kind]) => ({
  kind,
  engine,
  title: `${engine.name} ${engine.version}`,
}));

describe('a stack comes up, serves its own client, and goes down', () => {
  it.each(matrix)('$kind on $title', async ({ kind, engine }) => {
    const stack = await boot(engine, '--topology', kind);
    const status = await stack.status();
    expect(status).toMatchObject({ topology: kind, ready: true, missing: [] });
    expect(status.nodes.filter((n) => n.role === 'primary')).toHaveLength(kind === 'cluster' ? 3 : 1);
    expect(status.nodes.every((n) => n.state === 'up')).toBe(true);

    const { stdout } = await stack.work('cache');
    expect(JSON.parse(String(stdout))).toEqual({ first: 1, hit: 1, fresh: 2, loads: 2 });

    const pids = status.nodes.map((n) => stack.pid(n.name));
    expect((await stack.down()).code).toBe(0);
    // Not by signal 0: an ended process that nobody has waited for still takes one.
    expect((await Promise.all(pids.map(identify))).filter(Boolean)).toEqual([]);
  });
});

const survivors = (['sentinel', 'cluster'] as const).flatMap((kind) =>
  [newest('redis'), newest('valkey')].map((engine) => ({
    kind,
    engine,
    title: `${engine.name} ${engine.version}`,
  })),
);

describe('the loss of a primary, kill -9, under writes', () => {
  it.each(survivors)('$kind on $title loses no acknowledged write', async ({ kind, engine }) => {
    const stack = await boot(engine, '--topology', kind, '--workload', 'primary-data');
    const before = (await stack.status()).nodes.filter((n) => n.role === 'primary');
    const victim = before[0];
    if (!victim) throw new Error('there is a primary');

    const written = await writeThrough(stack, () => stack.signal(victim.name));
    expect(written.gapMs).toBeLessThan(30_000);
    expect(await lost(stack, written)).toEqual([]);

    // The dead node comes back as a replica of the one that took over.
    await stack.up();
    const after = await stack.status();
    expect(after.ready).toBe(true);
    expect(after.nodes.find((n) => n.name === victim.name)?.role).toBe('replica');
    expect(after.nodes.filter((n) => n.role === 'primary')).toHaveLength(before.length);
    await until('the keys on every primary', async () => {
      const primaries = (await stack.status()).nodes.filter((n) => n.role === 'primary');
      return primaries.reduce((sum, n) => sum + n.keys, 0) === written.acked;
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KINDS } from '../../src/spec/types.ts';
import { until } from '../support/until.ts';
import { createStack, type DockerStack, newestImage } from './stack.ts';

interface Row {
  readonly scenario: string;
  readonly acknowledged: number;
  readonly lost: number;
  readonly readyMs: number;
  readonly promised: { readonly loses: string };
}

/** What a drill is to practise, and in which scenarios not one acknowledged write may be missing. */
const EXPECTED = {
  standalone: ['stop', 'restart-all', 'kill', 'freeze', 'recreate'],
  sentinel: [
    'stop',
    'kill-sentinel',
    'replica-kill',
    'restart-all',
    'kill',
    'freeze',
    'partition',
    'recreate',
  ],
  cluster: ['stop', 'replica-kill', 'restart-all', 'kill', 'freeze', 'partition', 'recreate'],
} as const;
/** Here the promise is more modest, and the verdict of the drill holds the stack to it. */
const CRASHES = ['kill', 'freeze', 'partition'];

/** Twice what seven failures and their recoveries take on two idle cores. */
const DRILL_MS = 360_000;

const IMAGES = [newestImage('redis'), newestImage('valkey')];

// Most of a drill is waiting, so the stacks of both engines are drilled at the same time.
describe.each(TOPOLOGY_KINDS)('a drill of a %s stack in Compose, on both engines', (kind) => {
  const stacks: DockerStack[] = [];

  beforeAll(async () => {
    for (const image of IMAGES) {
      const stack = await createStack(image, '--topology', kind, '--workload', 'primary-data');
      stacks.push(stack);
      await stack.up();
    }
  });
  afterAll(async () => {
    for (const stack of stacks) await stack.dispose();
  });

  it(
    'keeps every promise, and loses nothing where all is planned',
    async () => {
      const words = ['--yes', '--json', '--timeout', '90'];
      const done = await Promise.all(stacks.map((stack) => stack.command('drill', stack.dir, ...words)));
      for (const { code, out, err } of done) {
        const { kept, scenarios } = JSON.parse(out || '{}') as { kept: boolean; scenarios: readonly Row[] };
        expect({ code, kept, err }, out).toEqual({ code: 0, kept: true, err: '' });
        expect(scenarios.map(({ scenario }) => scenario)).toEqual(EXPECTED[kind]);
        for (const row of scenarios) expectUnharmed(row);
      }
    },
    DRILL_MS,
  );

  it('leaves the stacks whole and no key behind', async () => {
    for (const stack of stacks)
      await until('the stack is whole and holds no key', async () => {
        const { ready, nodes } = await stack.status();
        return ready && nodes.every(({ keys }) => keys === 0);
      });
  });
});

function expectUnharmed({ scenario, acknowledged, lost, promised, readyMs }: Row): void {
  expect(acknowledged, scenario).toBeGreaterThan(100);
  if (!CRASHES.includes(scenario))
    expect({ scenario, lost, loses: promised.loses }).toEqual({ scenario, lost: 0, loses: 'nothing' });
  if (scenario === 'recreate') expect(readyMs).toBeLessThan(30_000);
}

import { describe, expect, it } from 'vitest';
import { routeObstacles, routeOf } from '../src/migrate/route.ts';
import { buildModel } from '../src/model/build.ts';
import type { StackModel } from '../src/model/types.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';

const model = (topology: object, more: object = {}): StackModel =>
  buildModel(expectValue(parseSpec({ name: 'shop', topology, ...more }, 'shop')).spec);

const STACKS = {
  standalone: model({ kind: 'standalone' }),
  sentinel: model({ kind: 'sentinel' }),
  'sentinel of 2': model({ kind: 'sentinel', replicas: 1 }),
  cluster: model({ kind: 'cluster', shards: 3 }),
  'cluster of 4': model({ kind: 'cluster', shards: 4 }),
} as const;
type Name = keyof typeof STACKS;
const NAMES = Object.keys(STACKS) as readonly Name[];

describe('routes', () => {
  const pairs = NAMES.flatMap((a) => NAMES.filter((b) => b !== a).map((b) => [a, b] as const));

  it.each(pairs)('there is one from %s to %s, with steps of their own names', (a, b) => {
    const route = routeOf(STACKS[a], STACKS[b]);
    const ids = route?.steps.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe('secrets');
    expect(ids.at(-1)).toBe('settle');
  });

  it.each(pairs)('from %s to %s no node ends before its data is elsewhere and clients are told', (a, b) => {
    const ids = routeOf(STACKS[a], STACKS[b])?.steps.map(({ id }) => id) ?? [];
    const leave = ids.indexOf('leave');
    if (leave < 0) return;
    expect(ids.indexOf('clients')).toBeLessThan(leave);
    for (const before of ['copy', 'switch', 'grow']) expect(ids.indexOf(before)).toBeLessThan(leave);
  });

  it('to a cluster the way back stays open until the old nodes end', () => {
    const steps = routeOf(STACKS.sentinel, STACKS.cluster)?.steps ?? [];
    expect(steps.find(({ final }) => final)?.id).toBe('leave');
  });

  it('a stack that is as it is to be has none', () => {
    for (const name of NAMES) expect(routeOf(STACKS[name], STACKS[name])).toBeUndefined();
  });

  it('another engine alone is an upgrade of the same nodes', () => {
    const next = model({ kind: 'sentinel' }, { engine: { name: 'valkey', version: '8.1' } });
    expect(routeOf(STACKS.sentinel, next)?.name).toBe('upgrade');
  });

  it('another engine comes along where all nodes are new, and not where some stay', () => {
    const engine = { engine: { name: 'valkey', version: '8.1' } };
    expect(routeObstacles(STACKS.standalone, model({ kind: 'cluster' }, engine))).toEqual([]);
    expect(routeObstacles(STACKS.standalone, model({ kind: 'sentinel' }, engine))).toMatchObject([
      { code: 'migrate/two-changes' },
    ]);
  });

  it('TLS is not changed on the way', () => {
    const tls = model({ kind: 'cluster' }, { security: { tls: true } });
    expect(routeObstacles(STACKS.standalone, tls)).toMatchObject([{ code: 'migrate/other-encryption' }]);
  });
});

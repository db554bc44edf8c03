import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Chart, openChart, whyNoCharts } from './chart.ts';

const SERVICE = ['shop:6379'];

describe.skipIf(whyNoCharts !== undefined)('the chart of a cluster', () => {
  let chart: Chart;

  beforeAll(async () => {
    chart = await openChart('redis', {
      topology: { kind: 'cluster' },
      memory: { limit: '256Mi' },
      persistence: { mode: 'rdb' },
    });
    await chart.install();
  });
  afterAll(async () => await chart?.dispose());

  /** Slots of each shard by its number, as one node tells it. */
  const slots = async (): Promise<readonly number[]> => {
    const words = (await chart.ask('shop-shard-1-0', 'CLUSTER', 'SLOTS')).split('\n');
    const shards = Object.fromEntries(
      chart.namespace.pods
        .filter(({ name }) => name.includes('-shard-'))
        .map(({ name }) => [chart.namespace.address(name), Number(name.split('-')[2])]),
    );
    const held: number[] = [];
    // Of each range: first slot, last slot, and then the address of its primary.
    for (let i = 0; i < words.length - 2; i++) {
      const shard = shards[words[i + 2] ?? ''];
      const [from, to] = [Number(words[i]), Number(words[i + 1])];
      if (shard !== undefined && /^\d+$/.test(words[i] ?? '') && /^\d+$/.test(words[i + 1] ?? ''))
        held[shard - 1] = (held[shard - 1] ?? 0) + to - from + 1;
    }
    return held;
  };
  const keeperSaid = async (): Promise<string> => {
    const keeper = chart.namespace.pods.find(({ name }) => name.startsWith('shop-keeper-'));
    return keeper ? await chart.namespace.logs(keeper.name) : 'there is no keeper';
  };
  const whole = async () => {
    expect(await chart.ask('shop-shard-1-0', 'CLUSTER', 'INFO')).toContain('cluster_state:ok');
    expect((await slots()).reduce((sum, n) => sum + n, 0)).toBe(16_384);
  };

  it('is whole when the installation is over, and its own test says so', async () => {
    expect(await chart.test()).toContain('shop:6379 takes writes');
    await whole();
    expect(await chart.primaries()).toHaveLength(3);
    expect((await chart.traffic(SERVICE, async () => undefined)).acknowledged).toBeGreaterThan(100);
  });

  it('all pods back at once under other addresses, while no name can be looked up', async () => {
    const held = await chart.keys();
    chart.namespace.dns.silent = true;
    await chart.namespace.restartAll({ abrupt: false });
    await chart.namespace.waitReady(90_000);
    await whole();
    expect(await chart.keys()).toBe(held);
    chart.namespace.dns.silent = false;
  });

  it('one shard more gets its share of the slots', async () => {
    const toll = await chart.traffic(SERVICE, () => chart.upgrade({ shards: 4 }));
    expect(toll.lost).toBe(0);
    const held = await slots();
    expect(held).toHaveLength(4);
    expect(Math.min(...held), await keeperSaid()).toBeGreaterThan(3500);
    await whole();
  });

  it('a shard that holds slots is not taken away', async () => {
    await expect(chart.upgrade({ shards: 3 })).rejects.toThrow('hold slots');
    await whole();
  });

  it('a shard that leaves is emptied first, and then goes without a loss', async () => {
    const held = await chart.keys();
    await chart.upgrade({ shards: 4, leaving: 1 });
    expect(await slots()).toHaveLength(3);
    await whole();
    await chart.upgrade({ shards: 3, leaving: 0 });
    await whole();
    expect(await chart.keys()).toBe(held);
    expect(chart.namespace.pods.filter(({ name }) => name.includes('shard-4'))).toEqual([]);
    expect(await chart.test()).toContain('shop:6379 takes writes');
  });
});

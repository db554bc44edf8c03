import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { bringProxyImage, type Chart, openChart, whyNoCharts } from './chart.ts';

const SENTINELS = ['shop-sentinel-0:26379', 'shop-sentinel-1:26379', 'shop-sentinel-2:26379'];

/** Nothing is heard of it, and it is away for longer than Sentinels wait: a pod that is back sooner may stay the primary. */
const LOST_NODE = { awayMs: 8000, silent: true };

describe.skipIf(whyNoCharts !== undefined)('the chart of a Sentinel stack', () => {
  let chart: Chart;

  beforeAll(async () => {
    await bringProxyImage();
    chart = await openChart('valkey', {
      topology: { kind: 'sentinel' },
      memory: { limit: '256Mi' },
      persistence: { mode: 'rdb' },
    });
    await chart.install();
  });
  afterAll(async () => await chart?.dispose());

  /** The one primary. A node that comes back may take a while to learn that it is one no more. */
  const primary = async (): Promise<string> =>
    await until(
      'one primary',
      async () => {
        const [name, ...others] = await chart.primaries();
        return others.length === 0 && name;
      },
      { timeoutMs: 30_000, everyMs: 300 },
    );

  const writes = async (value: string) =>
    (await chart.askService('shop', 6379, 'SET', 'shop:proxied', value)) === 'OK';

  it('is whole when the installation is over, and its own test says so', async () => {
    expect(await chart.test()).toContain('shop:6379 takes writes');
    expect(await primary()).toBe('shop-node-0');
    expect(chart.namespace.pods.map(({ restarts }) => restarts)).toEqual(chart.namespace.pods.map(() => 0));
  });

  it('a primary that is deleted hands over first: no acknowledged write is lost', async () => {
    const before = await primary();
    const toll = await chart.traffic(SENTINELS, () => chart.namespace.deletePod(before));
    expect(toll.lost).toBe(0);
    // The proxy knows it as well, for clients that ask no Sentinel.
    await until('a write through the proxy', () => writes('one'), { timeoutMs: 15_000 });
    await chart.namespace.waitReady(60_000);
    const after = await primary();
    expect(after).not.toBe(before);
    expect(await chart.ask(after, 'GET', 'shop:proxied')).toBe('one');
  });

  it('a primary whose node is lost is replaced', async () => {
    const before = await primary();
    await chart.traffic(SENTINELS, () => chart.namespace.killPod(before, LOST_NODE));
    await chart.namespace.waitReady(60_000);
    expect(await primary()).not.toBe(before);
  });

  it('a primary that comes back with an empty disk takes nothing from its replicas', async () => {
    const before = await primary();
    const held = await chart.keys();
    expect(held).toBeGreaterThan(100);
    chart.namespace.emptyVolume(`data-${before}`);
    await chart.namespace.killPod(before);
    await chart.namespace.waitReady(90_000);
    await primary();
    expect(await chart.keys()).toBe(held);
  });

  it('all pods back at once under other addresses, while no name can be looked up', async () => {
    await primary();
    const held = await chart.keys();
    chart.namespace.dns.silent = true;
    await chart.namespace.restartAll({ abrupt: false });
    await chart.namespace.waitReady(90_000);
    await primary();
    expect(await chart.keys()).toBe(held);
    chart.namespace.dns.silent = false;
    expect(await writes('two')).toBe(true);
  });
});

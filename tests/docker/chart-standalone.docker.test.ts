import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type Chart, openChart, whyNoCharts } from './chart.ts';

describe.skipIf(whyNoCharts !== undefined)('the chart of one node', () => {
  let chart: Chart;

  beforeAll(async () => {
    chart = await openChart('redis', {
      topology: { kind: 'standalone' },
      memory: { limit: '128Mi' },
      persistence: { mode: 'aof' },
    });
    await chart.install();
  });
  afterAll(async () => await chart?.dispose());

  it('serves through its Service when the installation is over', async () => {
    expect(await chart.test()).toContain('shop:6379 takes writes');
    expect(await chart.askService('shop', 6379, 'SET', 'shop:one', '1')).toBe('OK');
    expect(await chart.askService('shop-read', 6379, 'GET', 'shop:one')).toBe('1');
  });

  it('lets in its clients and nobody else', async () => {
    const from = (labels: Readonly<Record<string, string>>) => chart.pingFrom(labels, 'shop', 6379);
    expect(await from({ 'shop-client': 'true' })).toContain('NOAUTH');
    await expect(from({ 'other-client': 'true' })).rejects.toThrow(
      /timed out|Resource temporarily unavailable/,
    );
  });

  it('keeps what it has acknowledged when its pod is deleted, and when it dies', async () => {
    const { acknowledged, lost } = await chart.traffic(['shop:6379'], () =>
      chart.namespace.deletePod('shop-node-0'),
    );
    expect({ lost, wrote: acknowledged > 100 }).toEqual({ lost: 0, wrote: true });
    await chart.namespace.killPod('shop-node-0');
    await chart.namespace.waitReady();
    expect(await chart.askService('shop', 6379, 'GET', 'shop:one')).toBe('1');
  });

  it('is started again in its pod when its server crashes', async () => {
    const before = chart.namespace.pod('shop-node-0');
    await chart.namespace.crash('shop-node-0');
    await until('a restart', () => before.restarts === 1);
    await chart.namespace.waitReady();
    expect(chart.namespace.pod('shop-node-0')).toBe(before);
    expect(await chart.askService('shop', 6379, 'GET', 'shop:one')).toBe('1');
  });

  it('takes a new setting by an upgrade, and keeps its data', async () => {
    await chart.upgrade({ config: { 'maxmemory-policy': 'volatile-ttl' } });
    expect(await chart.ask('shop-node-0', 'CONFIG', 'GET', 'maxmemory-policy')).toContain('volatile-ttl');
    expect(await chart.askService('shop', 6379, 'GET', 'shop:one')).toBe('1');
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { issueCertificate, makeAuthority } from '../../src/certificates/index.ts';
import { IMAGES } from '../../src/targets/images.ts';
import { bringWatchImages } from '../engines/watch-images.mjs';
import { until } from '../support/until.ts';
import { bringProxyImage, type Chart, openChart, whyNoCharts } from './chart.ts';

const SENTINELS = ['shop-sentinel-0:26379', 'shop-sentinel-1:26379', 'shop-sentinel-2:26379'];

describe.skipIf(whyNoCharts !== undefined)('a Sentinel stack with TLS, exporters and backups', () => {
  let chart: Chart;
  const folder = mkdtempSync(join(tmpdir(), 'chart-tls-'));

  beforeAll(async () => {
    const context = { now: new Date(), randomBytes };
    const authority = await makeAuthority('shop', context);
    // One pair for all, as cert-manager makes it; addresses of Services are not in it.
    const pair = await issueCertificate(
      authority,
      'shop',
      { dns: ['shop', 'localhost'], ip: ['127.0.0.1'] },
      context,
    );
    writeFileSync(join(folder, 'ca.crt'), authority.certificate);
    const data = { 'ca.crt': authority.certificate, 'tls.crt': pair.certificate, 'tls.key': pair.key };
    await Promise.all([bringProxyImage(), bringWatchImages(inject('docker'), IMAGES)]);
    chart = await openChart(
      'redis',
      {
        topology: { kind: 'sentinel' },
        memory: { limit: '256Mi' },
        persistence: { mode: 'rdb' },
        security: { tls: true },
        backup: { every: '24h' },
        targets: ['monitoring'],
      },
      {
        secrets: [{ name: 'shop-tls', data }],
        env: { REDIS_TLS_CA: join(folder, 'ca.crt'), REDIS_TLS_SERVER_NAME: 'shop' },
      },
    );
    await chart.install({}, 180_000);
  });
  afterAll(async () => {
    await chart?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is whole, and takes writes through the proxy', async () => {
    expect(await chart.test()).toContain('shop:6379 takes writes');
  });

  it('a primary that is deleted hands over: no acknowledged write is lost', async () => {
    const [before = ''] = await chart.primaries();
    const toll = await chart.traffic(SENTINELS, () => chart.namespace.deletePod(before));
    expect(toll.lost).toBe(0);
    await chart.namespace.waitReady(60_000);
  });

  it('every exporter has its server in sight', async () => {
    for (const pod of chart.namespace.pods.filter(({ name }) => /-(node|sentinel)-\d$/.test(name)))
      await until(`the exporter of ${pod.name} logs in`, async () => {
        const answer = await fetch(`http://${pod.ip}:9121/metrics`).catch(() => undefined);
        return (await answer?.text())?.includes('redis_up 1');
      });
  });

  it('the CronJob makes a set, and the restore Job brings it back', async () => {
    await until('one primary', async () => (await chart.primaries()).length === 1, { timeoutMs: 30_000 });
    const [primary = ''] = await chart.primaries();
    for (let i = 0; i < 50; i++) await chart.ask(primary, 'SET', `kept:${i}`, 'v');
    expect(await chart.namespace.runCronJob('shop-backup')).toContain('shop-');
    await chart.ask(primary, 'FLUSHALL');
    await chart.upgrade({ restore: { set: 'newest' } });
    await until(
      'the keys are back',
      async () => (await chart.ask(primary, 'KEYS', 'kept:*')).split('\n').length === 50,
    );
  });
});

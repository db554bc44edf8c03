import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printedAlerts } from '../build/print-alerts.ts';
import { buildModel } from '../src/model/build.ts';
import { exporterPasswords } from '../src/model/monitoring.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { withMonitoring } from '../src/targets/compose/exporters.ts';
import { composeProject } from '../src/targets/compose/project.ts';
import { dashboard } from '../src/targets/monitoring/dashboard.ts';
import { alertFacts, duration } from '../src/targets/monitoring/facts.ts';
import { rows } from '../src/targets/monitoring/panels.ts';
import { prometheusConfig } from '../src/targets/monitoring/prometheus.ts';
import { printedRule, ruleGroups } from '../src/targets/monitoring/rule-file.ts';
import { ALERTS, alertsFor } from '../src/targets/monitoring/rules/index.ts';
import { TROUBLES } from './support/alerts/rule-troubles.ts';

const modelOf = (input: SpecInput) =>
  buildModel(expectValue(parseSpec({ targets: ['compose', 'monitoring'], ...input }, 'shop')).spec);
const sentinel = modelOf({ topology: { kind: 'sentinel' }, workload: ['primary-data'] });
const cluster = modelOf({
  topology: { kind: 'cluster' },
  workload: ['sessions'],
  persistence: { mode: 'aof' },
});
const cache = modelOf({ topology: { kind: 'standalone' }, workload: ['cache'] });
const sealed = modelOf({ topology: { kind: 'standalone' }, workload: ['cache'], security: { tls: true } });
const namesOf = (model: typeof cache) => alertsFor(alertFacts(model)).map((alert) => alert.name);

describe('alerts', () => {
  it('are the ones that the documentation lists (npm run docs)', () => {
    const shipped = readFileSync(new URL('../docs/generated/alerts.md', import.meta.url), 'utf8');
    expect(shipped).toBe(printedAlerts());
  });

  it('each have a name of their own, texts, a command, and figures to test them with', () => {
    expect(new Set(ALERTS.map((alert) => alert.name)).size).toBe(ALERTS.length);
    const models = [
      sentinel,
      cluster,
      cache,
      sealed,
      modelOf({ workload: ['sessions'], persistence: { mode: 'rdb' } }),
    ];
    for (const alert of ALERTS) {
      const model = models.find((one) => alert.applies(alertFacts(one)));
      if (!model) throw new Error(`${alert.name} applies to none`);
      const rule = printedRule(alert, alertFacts(model));
      expect(rule.alert).toMatch(/^Redis[A-Z]\w+$/);
      expect(rule.labels).toEqual({
        severity: expect.stringMatching(/^(critical|warning|info)$/),
        stack: 'shop',
      });
      expect(rule.annotations.summary?.length, alert.name).toBeLessThan(110);
      expect(rule.annotations.description).toMatch(/\.$/);
      expect(rule.annotations.remedy, alert.name).toMatch(/`[^`]+`/);
      expect(rule.expr).toContain('stack="shop"');
      expect(TROUBLES[alert.name], alert.name).toBeDefined();
    }
    expect(Object.keys(TROUBLES).sort()).toEqual(ALERTS.map((alert) => alert.name).sort());
  });

  it('follow from the topology', () => {
    const only = (model: typeof cache, pattern: RegExp) =>
      namesOf(model).filter((name) => pattern.test(name));
    expect(only(cache, /Primar|Replica|Sentinel|Cluster|Failover|Certificate|Tls/)).toEqual([]);
    expect(only(sentinel, /Sentinel/)).toHaveLength(5);
    expect(only(cluster, /Cluster/)).toHaveLength(4);
    expect(only(cluster, /Sentinel/)).toEqual([]);
    expect(only(sealed, /Certificate|Tls/)).toHaveLength(3);
  });

  it('follow from what may be dropped and what is kept', () => {
    const kept = /Memory|Evict|Snapshot|Log/;
    const some = (model: typeof cache) => namesOf(model).filter((name) => kept.test(name));
    expect(some(cache)).toEqual(['RedisSnapshotFailed', 'RedisSnapshotOld']);
    expect(some(cluster)).toEqual([
      'RedisMemoryKeptKeysNearLimit',
      'RedisEvictions',
      'RedisLogWriteFailed',
      'RedisLogRewriteFailed',
    ]);
    expect(some(sentinel)).toContain('RedisMemoryNearLimit');
  });

  it('take their numbers from the stack', () => {
    const text = JSON.stringify(
      ruleGroups(alertFacts(modelOf({ topology: { kind: 'sentinel', replicas: 4, sentinels: 5 } }))),
    );
    expect(text).toContain('role=\\"master\\"}) < 4');
    expect(text).toContain(' == 1) < 3');
  });

  it.each([
    [30, '30s'],
    [60, '1m'],
    [90, '90s'],
    [7200, '2h'],
    [86_400, '1d'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe('what is watched', () => {
  it.each([
    ['sentinel', sentinel],
    ['cluster', cluster],
    ['standalone', cache],
    ['with TLS', sealed],
  ])('%s: every node has an exporter, and Prometheus knows it', (_, model) => {
    const { services } = withMonitoring(composeProject(model), model);
    const targets = prometheusConfig(model)
      .scrape_configs.filter((job) => job.job_name !== 'redis-certificates')
      .flatMap((job) => job.static_configs);
    const names = services.map(({ name }) => name);
    expect(targets.map(({ labels }) => labels.node)).toEqual(model.nodes.map(({ name }) => name));
    for (const {
      targets: [address = ''],
    } of targets)
      expect(names).toContain(address.split(':')[0]);
    const watchers = services.filter(({ service, from }) => 'profiles' in service || from === 'x-exporter');
    expect(watchers).toHaveLength(model.nodes.length + (model.spec.security.tls ? 3 : 2));
  });

  it('a stack that is not to be watched has nothing of it', () => {
    const plain = modelOf({ targets: ['compose'] });
    expect(withMonitoring(composeProject(plain), plain)).toEqual(composeProject(plain));
  });

  it('the password stands under every address, for old and new exporters', () => {
    expect(JSON.parse(exporterPasswords(cache, 'secret'))).toEqual({
      'redis://node-1:6379': 'secret',
      'redis://exporter@node-1:6379': 'secret',
    });
    expect(exporterPasswords(sealed, 'secret')).toContain('rediss://exporter@node-1:6379');
  });

  it('the dashboard has a row for what the stack has, and no two panels lie on each other', () => {
    expect(rows(alertFacts(cache)).map((row) => row.title)).toEqual([
      'Now',
      'Load',
      'Memory and keys',
      'Persistence',
    ]);
    expect(rows(alertFacts(sentinel)).map((row) => row.title)).toContain('Sentinels');
    expect(rows(alertFacts(sealed)).map((row) => row.title)).toContain('Certificates');
    const cells = dashboard(alertFacts(cluster)).panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

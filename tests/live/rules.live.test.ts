import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { monitoring } from '../../src/checks/monitoring.ts';
import { buildModel } from '../../src/model/build.ts';
import type { StackModel } from '../../src/model/types.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';
import { randomBytes, realFiles, type System } from '../../src/system.ts';
import { alertFacts } from '../../src/targets/monitoring/facts.ts';
import { renderStack } from '../../src/targets/registry.ts';
import { ruleTests } from '../support/alerts/rule-tests.ts';
import { tool } from '../support/engines.ts';

const STACKS: readonly (readonly [string, SpecInput])[] = [
  ['a cache', { topology: { kind: 'standalone' }, workload: ['cache'] }],
  [
    'sessions with snapshots',
    { topology: { kind: 'standalone' }, workload: ['sessions'], persistence: { mode: 'rdb' } },
  ],
  ['Sentinels', { topology: { kind: 'sentinel', replicas: 1, sentinels: 5 }, workload: ['primary-data'] }],
  ['a cluster with TLS', { topology: { kind: 'cluster' }, workload: ['queue'], security: { tls: true } }],
  ['a cluster without replicas', { topology: { kind: 'cluster', replicas: 0 }, workload: ['cache'] }],
];

const RULES = 'monitoring/rules/redis-stack.yml';

describe('what is printed for Prometheus', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'redis-stack-rules-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (input: SpecInput): StackModel => {
    const parsed = parseSpec({ targets: ['compose', 'monitoring'], ...input }, 'shop');
    const model = buildModel(expectValue(parsed).spec);
    for (const { path, text, mode } of renderStack(model)) realFiles.write(join(root, path), text, mode);
    return model;
  };

  const check = (model: StackModel, path = dirname(tool('promtool'))) => {
    const nothing = () => undefined;
    const system: System = {
      files: realFiles,
      cwd: root,
      env: { PATH: path },
      interactive: false,
      randomBytes,
      out: nothing,
      err: nothing,
    };
    return monitoring.run({ system, root, model });
  };

  const edit = (from: string | RegExp, to: string) => {
    const text = readFileSync(join(root, RULES), 'utf8');
    expect(text).toMatch(from);
    writeFileSync(join(root, RULES), text.replace(from, to));
  };

  /** Made-up figures for each alert: a healthy stack raises none, and each trouble raises the one that tells of it. */
  const testRules = (model: StackModel) => {
    const tests = join(dirname(join(root, RULES)), 'tests.yml');
    writeFileSync(tests, JSON.stringify(ruleTests(model, alertFacts(model))));
    return execa(tool('promtool'), ['test', 'rules', tests], { reject: false, all: true });
  };

  it.each(STACKS)('%s: promtool takes it, and every alert fires when it should', async (_, input) => {
    const model = write(input);
    expect(await check(model)).toMatchObject({ status: 'ok', findings: [] });
    const { exitCode, all } = await testRules(model);
    expect(all).toContain('SUCCESS');
    expect(exitCode).toBe(0);
  });

  it.each(STACKS)('%s: Docker Compose takes the exporters, Prometheus and Grafana', async (_, input) => {
    const model = write(input);
    const words = ['-f', join(root, 'compose.yaml'), '--profile', 'monitoring', 'config', '--services'];
    const { stdout } = await execa(tool('docker-compose'), words);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining(['prometheus', 'grafana', ...model.nodes.map(({ name }) => `exporter-${name}`)]),
    );
  });

  it('a rule that Prometheus cannot read is found', async () => {
    const model = write({ topology: { kind: 'standalone' } });
    edit(/expr: redis_latest_fork_seconds/, 'expr: redis_latest_fork_seconds(');
    const { status, findings } = await check(model);
    expect(status).toBe('failed');
    expect(findings[0]).toMatchObject({ code: 'monitoring/refused', at: RULES });
    expect(findings[0]?.detail?.join('\n')).toContain('RedisForkSlow');
  });

  it('a rule that no longer fires is found', async () => {
    const model = write({ topology: { kind: 'standalone' } });
    edit(/(redis_latest_fork_seconds.*) > 0\.5/, '$1 > 50');
    const { exitCode, all } = await testRules(model);
    expect(exitCode).not.toBe(0);
    expect(all).toContain('RedisForkSlow');
  });

  it('without promtool nothing is claimed', async () => {
    const model = write({ topology: { kind: 'standalone' } });
    expect(await check(model, root)).toMatchObject({ status: 'skipped' });
  });
});

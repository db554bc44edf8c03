import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { IMAGES } from '../../src/targets/images.ts';
import { bringWatchImages } from '../engines/watch-images.mjs';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';
import { createStack, type DockerStack, newestImage } from './stack.ts';

interface Target {
  readonly health: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly lastError: string;
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

describe('a watched Sentinel stack in Compose', () => {
  let stack: DockerStack;
  let port: number;

  beforeAll(async () => {
    await bringWatchImages(inject('docker'), IMAGES);
    stack = await createStack(
      newestImage('valkey'),
      ...['--topology', 'sentinel', '--workload', 'primary-data', '--tls'],
      ...['--targets', 'compose,monitoring'],
    );
    port = await freePort();
    // Two stacks on one machine: the ports are the user's to move.
    appendFileSync(join(stack.dir, '.env'), `PROMETHEUS_PORT=${port}\nGRAFANA_PORT=${await freePort()}\n`);
    // Grafana is in no package of Debian, and looking for a registry in vain takes minutes.
    const compose = join(stack.dir, 'compose.yaml');
    writeFileSync(
      compose,
      readFileSync(compose, 'utf8').replace(/\n {2}grafana:\n[\s\S]*?(?=\nnetworks:)/, ''),
    );
    await stack.up();
  });
  afterAll(() => stack?.dispose());

  async function ask<T>(path: string): Promise<T> {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await reply.json()) as { data: T }).data;
  }

  it('has every node in sight, and its certificates', async () => {
    const targets = await until(
      'every target to be up',
      async () => {
        const { activeTargets } = await ask<{ activeTargets: Target[] }>('targets');
        const missing = activeTargets.filter(({ health }) => health !== 'up');
        if (missing.length > 0)
          throw new Error(missing.map(({ labels, lastError }) => `${labels.node}: ${lastError}`).join('; '));
        return activeTargets.length > 0 && activeTargets;
      },
      { timeoutMs: 120_000, everyMs: 500 },
    );
    expect(targets).toHaveLength(12);
    await until('every exporter to be let in', async () => {
      const query = encodeURIComponent('sum(redis_up)');
      const { result } = await ask<{ result: { value: [number, string] }[] }>(`query?query=${query}`);
      return result[0]?.value[1] === '6';
    });
  });

  it('has its rules loaded, and nothing fires', async () => {
    const { groups } = await ask<{ groups: { rules: { health: string; state: string }[] }[] }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    const text = readFileSync(join(stack.dir, 'monitoring/rules/redis-stack.yml'), 'utf8');
    expect(rules).toHaveLength(text.match(/- alert:/g)?.length ?? 0);
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
  });

  it('keeps the password of the exporters out of sight, and its watchers confined', async () => {
    const password = readFileSync(join(stack.dir, '.secrets/exporter'), 'utf8').trim();
    for (const service of ['exporter-node-1', 'exporter-sentinel-1', 'prometheus', 'probe']) {
      const text = await stack.docker('inspect', stack.container(service));
      expect(text).not.toContain(password);
      const [{ HostConfig: host }] = JSON.parse(text) as [{ HostConfig: Record<string, unknown> }];
      expect(host).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'] });
      expect(await stack.docker('logs', stack.container(service))).not.toContain(password);
    }
  });

  it('tells of a primary that was killed, and of the failover', async () => {
    await stack.docker('kill', stack.container('node-1'));
    const alerts = await until(
      'the failover to be told',
      async () => {
        const found = (await ask<{ alerts: Alert[] }>('alerts')).alerts;
        const has = (name: string) => found.some(({ labels }) => labels.alertname === name);
        return has('RedisFailover') && has('RedisNodeDown') && found;
      },
      { timeoutMs: 120_000, everyMs: 500 },
    );
    const of = (name: string) => alerts.find(({ labels }) => labels.alertname === name)?.labels;
    expect(of('RedisNodeDown')?.node).toBe('node-1');
    expect(of('RedisFailover')?.node).toMatch(/^node-[23]$/);
  });
});

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, type Judge, startJudge } from '../support/migration/judge.ts';
import { verify } from '../support/migration/verdict.ts';
import { passwordIn } from '../support/open-model.ts';
import { createStack, type DockerStack, newestImage, type Status } from './stack.ts';

/** Few replicas: every container is started, and most are made anew once. */
const CLUSTER = ['--topology', 'cluster', '--shards', '3', '--replicas', '1'];
const STANDALONE = ['--topology', 'standalone'];
const SENTINEL = ['--topology', 'sentinel', '--replicas', '1'];

const environmentOf = ({ dir }: DockerStack): Record<string, string> => {
  const read = (path: string) => parseEnv(readFileSync(join(dir, path), 'utf8')) as Record<string, string>;
  return { ...read('.env'), ...read('.redis-stack/run/env') };
};

const volumes = async ({ name, docker }: DockerStack) =>
  (await docker('volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${name}`)).split('\n');

describe('one application writes from this machine while its stack in Compose changes its topology', () => {
  let stack: DockerStack;
  let client: Awaited<ReturnType<typeof bundle>>;
  let judge: Judge;

  beforeAll(async () => {
    stack = await createStack(newestImage('redis'), ...STANDALONE, '--workload', 'primary-data');
    await stack.up();
    client = await bundle(join(stack.dir, 'client/src/index.ts'));
    const keyPrefix = `${stack.name}:`;
    const target = { driver: 'emitted', module: client.path, env: environmentOf(stack), keyPrefix } as const;
    judge = await startJudge({ target, keyPrefix: `${keyPrefix}judge:`, rate: 100 });
    await judge.flows(100);
  });
  afterAll(async () => {
    judge?.dispose();
    client?.dispose();
    // One that stopped on the way is not to keep `down` from its work.
    rmSync(join(stack.dir, '.redis-stack/migrate'), { recursive: true, force: true });
    await stack.dispose();
  });

  async function migrated(...to: readonly string[]): Promise<Status> {
    const { code, out, err } = await stack.command('migrate', stack.dir, '--yes', '--grace', '1', ...to);
    expect(code, out + err).toBe(0);
    await judge.flows(100);
    const status = await stack.status();
    expect(status.missing).toEqual([]);
    // Nothing runs that compose.yaml does not have, and nothing runs as something else had it.
    const format =
      '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.project.config_files"}}';
    const label = `label=com.docker.compose.project=${stack.name}`;
    const rows = (await stack.docker('ps', '-a', '--filter', label, '--format', format))
      .split('\n')
      .map((row) => row.split(' '));
    expect(new Set(rows.map(([, file]) => file))).toEqual(new Set([join(stack.dir, 'compose.yaml')]));
    const names = rows.map(([name = '']) => name).filter((name) => name !== 'form-cluster');
    expect(names.sort()).toEqual(status.nodes.map(({ name }) => name).sort());
    return status;
  }

  it('standalone to a cluster', async () => {
    const { topology, nodes } = await migrated(...CLUSTER);
    expect(topology).toBe('cluster');
    expect(nodes).toHaveLength(6);
    expect(await volumes(stack)).toContain(`${stack.name}_node-1`);
  });

  it('a cluster to standalone, whose first node finds the files of the one before it', async () => {
    expect((await migrated(...STANDALONE)).nodes).toHaveLength(1);
    const files = (await stack.docker('exec', stack.container('node-1'), 'find', '/data/earlier')).split(
      '\n',
    );
    expect(files).toContain('/data/earlier/1/.stack-kind');
  });

  it('standalone to Sentinel', async () => {
    expect((await migrated(...SENTINEL)).topology).toBe('sentinel');
  });

  it('the application was told nothing, noticed nothing, and lost nothing', async () => {
    const { account, ledger } = await judge.stop();
    const nodes = (await stack.status()).nodes.filter(({ role }) => role !== 'sentinel');
    const admin = { username: 'admin', password: passwordIn(stack.dir, 'admin') };
    const { flaws, looked } = await verify(ledger, judge.keyPrefix, nodes, admin);
    expect(flaws).toEqual([]);
    expect(looked.unique).toBeGreaterThan(300);
    expect(account).toMatchObject({ failed: 0, unanswered: 0 });
  });
});

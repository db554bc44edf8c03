import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KINDS } from '../../src/spec/types.ts';
import { until } from '../support/until.ts';
import { compileClient, createStack, type DockerStack, images, newestImage } from './stack.ts';

const [oldest] = images();
const matrix = TOPOLOGY_KINDS.flatMap((kind) =>
  [newestImage('redis'), newestImage('valkey')].map((image) => ({ kind, image })),
);
const cases = [...matrix, ...(oldest ? [{ kind: 'sentinel' as const, image: oldest }] : [])].map((one) => ({
  ...one,
  title: `${one.image.name} ${one.image.line}`,
}));

interface Inspected {
  readonly Config: { readonly User: string; readonly Env: readonly string[] };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly Memory: number;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>>;
  };
  readonly State: { readonly Pid: number; readonly Health: { readonly Status: string } };
  readonly RestartCount: number;
}

async function inspect(stack: DockerStack, node: string): Promise<Inspected> {
  const [found] = JSON.parse(await stack.docker('inspect', stack.container(node))) as Inspected[];
  if (!found) throw new Error(`no container of ${node}`);
  return found;
}

const COUNT = 100;

/** Lets a writer go on until so many writes are acknowledged. */
async function writeSome(writer: ReturnType<DockerStack['work']>, count: number): Promise<void> {
  let acked = 0;
  for await (const _ of createInterface({ input: writer.stdout as NodeJS.ReadableStream }))
    if (++acked === count) writer.stdin?.end();
  await writer;
}

describe.each(cases)('$kind on $title in Compose', ({ kind, image }) => {
  let stack: DockerStack;

  beforeAll(async () => {
    stack = await createStack(image, '--topology', kind, '--workload', 'cache,primary-data');
    const { err } = await stack.up();
    expect(err).toContain('In Docker Compose: as asked.');
    await compileClient(stack.dir);
  });
  afterAll(() => stack.dispose());

  it('is ready the first time', async () => {
    const status = await stack.status();
    expect(status).toMatchObject({ topology: kind, way: 'compose', ready: true, missing: [] });
    expect(status.nodes.filter((n) => n.role === 'primary')).toHaveLength(kind === 'cluster' ? 3 : 1);
    expect(status.nodes.every((n) => n.state === 'up' && n.host === '127.0.0.1')).toBe(true);
    const checked = await stack.command('check', stack.dir);
    expect(checked.code, checked.out).toBe(0);
  });

  it('serves its client on the host and in a container', async () => {
    const { stdout } = await stack.work('cache');
    expect(JSON.parse(String(stdout))).toEqual({ first: 1, hit: 1, fresh: 2, loads: 2 });
    await writeSome(stack.work('write', 'outside', '60'), COUNT);
    await writeSome(stack.workInside('write', 'inside', '60'), COUNT);
    for (const reader of [
      stack.work('verify', 'inside', String(COUNT)),
      stack.workInside('verify', 'outside', String(COUNT)),
    ])
      expect(JSON.parse(String((await reader).stdout))).toEqual({ lost: [] });
  });

  it('runs as hardened as the file says', async () => {
    for (const { name, port, role } of (await stack.status()).nodes) {
      const { Config, HostConfig } = await inspect(stack, name);
      expect(Config.User).toBe('999:999');
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'] });
      expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true');
      expect(HostConfig.Memory).toBe(role === 'sentinel' ? 128 * 2 ** 20 : 2 ** 30);
      expect(HostConfig.PortBindings).toEqual({
        [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(port) }],
      });
      expect(Config.Env.filter((line) => /PASSWORD|AUTH/i.test(line))).toEqual([]);
      await until(`${name} is healthy`, async () => {
        const { State } = await inspect(stack, name);
        return State.Health.Status === 'healthy';
      });
    }
  });

  it('keeps its data over down and up', async () => {
    const before = (await stack.status()).nodes.filter((n) => n.role === 'primary');
    const keys = before.reduce((sum, n) => sum + n.keys, 0);
    expect(keys).toBeGreaterThanOrEqual(2 * COUNT);
    const { code, out } = await stack.down();
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ stillRunning: [], killed: [] })]);
    await stack.up();
    const after = (await stack.status()).nodes.filter((n) => n.role === 'primary');
    // A cached entry may have run out meanwhile.
    expect(after.reduce((sum, n) => sum + n.keys, 0)).toBeGreaterThanOrEqual(keys - 1);
  });

  it('comes back by itself after kill -9 of a server', async () => {
    const victim = (await stack.status()).nodes.find((n) => n.role === 'primary');
    if (!victim) throw new Error('there is a primary');
    const { State } = await inspect(stack, victim.name);
    process.kill(State.Pid, 'SIGKILL');
    await until(
      'the stack is whole again',
      async () => (await inspect(stack, victim.name)).RestartCount > 0 && (await stack.status()).ready,
      { timeoutMs: 60_000, everyMs: 500 },
    );
  });
});

import { randomInt } from 'node:crypto';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appEnvironment, openModel } from '../support/open-model.ts';
import { type Toll, underTraffic } from '../support/under-traffic.ts';
import { until } from '../support/until.ts';
import { createStack, type DockerStack, dockerEnvironment, type NodeRow, newestImage } from './stack.ts';

/** `docker compose` as a user would type it in the folder of the stack; nothing of ours is between. */
async function compose(stack: DockerStack, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execa('docker', ['compose', ...words], {
    cwd: stack.dir,
    env: dockerEnvironment(),
    extendEnv: false,
  });
  return String(stdout);
}

const traffic = (stack: DockerStack, strike: () => Promise<unknown>): Promise<Toll> =>
  underTraffic(openModel(stack.dir), appEnvironment(stack.dir), strike);

async function primaryOf(stack: DockerStack): Promise<NodeRow> {
  const found = (await stack.status()).nodes.find((node) => node.role === 'primary' && node.state === 'up');
  if (!found) throw new Error('there is a primary');
  return found;
}

const keysOf = async (stack: DockerStack): Promise<number> =>
  (await stack.status()).nodes.filter((n) => n.role === 'primary').reduce((sum, n) => sum + n.keys, 0);

const ready = (stack: DockerStack, timeoutMs: number) =>
  until('every node to be as it should, with every link up', async () => (await stack.status()).ready, {
    timeoutMs,
    everyMs: 300,
  });

describe.each([
  // Handing over is tested on every engine without containers; here it is the same script as the first process.
  { engine: 'redis', topology: 'sentinel', stops: true },
  { engine: 'valkey', topology: 'sentinel', stops: false },
  { engine: 'redis', topology: 'cluster', stops: false },
  { engine: 'valkey', topology: 'cluster', stops: true },
] as const)('$engine, $topology', ({ engine, topology, stops }) => {
  let stack: DockerStack;

  const start = async () => {
    stack = await createStack(newestImage(engine), '--topology', topology, '--persistence', 'rdb');
    await compose(stack, 'up', '--detach', '--wait');
  };
  // As tests are in CI: what fails twice is a defect. A port may be taken between the look and the start.
  beforeAll(async () => {
    await start().catch(async (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      if (!process.env.CI) throw error;
      await stack?.dispose();
      await start();
    });
  });
  afterAll(() => stack.dispose());

  it('is whole when `up --wait` comes back', async () => {
    await ready(stack, 10_000);
  });

  if (stops) {
    it('the first process of a container buries what others leave behind', async () => {
      const [node] = openModel(stack.dir).nodes;
      const inside = (script: string) => compose(stack, 'exec', '-T', node?.name ?? '', 'sh', '-c', script);
      const waiting = "sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done' >/dev/null 2>&1 & echo $!";
      const orphan = (await inside(waiting)).trim();
      expect(await inside(`cut -d " " -f 4 /proc/${orphan}/stat`)).toBe('1');
      await inside('touch /tmp/go');
      await until(
        'the orphan to be gone',
        async () => (await inside(`[ -e /proc/${orphan} ] || echo gone`)) === 'gone',
      );
    });

    it('a primary that is stopped hands over first: no acknowledged write is lost', async () => {
      const primary = await primaryOf(stack);
      const toll = await traffic(stack, () => compose(stack, 'stop', primary.name));
      expect(toll.lost).toBe(0);
      expect((await primaryOf(stack)).name).not.toBe(primary.name);
      const said = await compose(stack, 'logs', '--no-log-prefix', primary.name);
      expect(said).toContain('is the primary');
      await compose(stack, 'start', primary.name);
      await ready(stack, 30_000);
    });

    it('all of it stopped at once and started again: nothing is lost', async () => {
      const toll = await traffic(stack, async () => {
        await compose(stack, 'stop');
        await compose(stack, 'start');
      });
      expect(toll.lost).toBe(0);
      await ready(stack, 30_000);
    });
  }

  it('all containers recreated under other addresses: it heals by itself with every link up', async () => {
    await traffic(stack, async () => undefined);
    const before = await keysOf(stack);
    expect(before).toBeGreaterThan(100);
    const subnet = `10.${150 + randomInt(40)}.${randomInt(256)}.0/24`;
    expect((await stack.command('update', stack.dir, '--set', `network.subnet=${subnet}`)).code).toBe(0);
    await compose(stack, 'down');
    await compose(stack, 'up', '--detach');
    await ready(stack, 30_000);
    expect(await keysOf(stack)).toBe(before);
    for (const node of (await stack.status()).nodes.filter((n) => n.follows && n.role === 'replica'))
      expect(node.follows).toContain(subnet.slice(0, subnet.lastIndexOf('.')));
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../src/redis/connection.ts';
import { type Caller, startCaller } from '../live/calls.ts';
import { loginOf } from '../live/logins.ts';
import { compileClient, createStack, type DockerStack, newestImage } from './stack.ts';

const stacks: DockerStack[] = [];
const callers: Caller[] = [];
afterEach(async () => {
  for (const caller of callers.splice(0)) await caller.end().catch(() => undefined);
  for (const stack of stacks.splice(0)) await stack.dispose();
});

const cases = [
  { kind: 'sentinel', engine: 'redis', library: 'node-redis' },
  { kind: 'cluster', engine: 'valkey', library: 'ioredis' },
] as const;

describe('rotate in Compose under calls of a client on the host', () => {
  it.each(cases)('$kind on $engine with $library: no call fails', async ({ kind, engine, library }) => {
    const stack = await createStack(newestImage(engine), '--topology', kind, '--library', library);
    stacks.push(stack);
    await stack.up();
    await compileClient(stack.dir);
    const before = loginOf(stack, 'app');
    const [node] = (await stack.status()).nodes;
    if (!node) throw new Error('there is a node');
    const caller = startCaller(stack);
    callers.push(caller);
    await caller.more(300);

    const { code, out, err } = await stack.command('rotate', stack.dir, '--yes', '--json');
    expect([code, err], out).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ kind: 'compose', outcome: 'done' });
    await caller.more(300);
    expect(await caller.end()).toMatchObject({ errors: [], isOver: true, isAllHeard: true });
    await expect(openConnection(node, before)).rejects.toThrow('WRONGPASS');
    (await openConnection(node, loginOf(stack, 'app'))).close();

    // The containers have the very files: what they see is what is on disk, also after all of them were started anew.
    const { nodes } = await stack.status();
    for (const { name } of nodes) {
      const seen = await stack.docker('exec', stack.container(name), 'cat', '/run/secrets/app');
      expect(`${seen}\n`, name).toBe(readFileSync(join(stack.dir, '.secrets/app'), 'utf8'));
    }
    await stack.docker('restart', ...nodes.map(({ name }) => stack.container(name)));
    await stack.up();
    await expect(openConnection(node, before)).rejects.toThrow('WRONGPASS');
    expect((await stack.status()).nodes.every(({ state }) => state === 'up')).toBe(true);
    // Nothing of it is in what Docker tells of a container.
    const told = await stack.docker('inspect', ...nodes.map(({ name }) => stack.container(name)));
    for (const user of ['admin', 'app', 'replication', 'probe', 'exporter'])
      expect(told).not.toContain(loginOf(stack, user).password);
  });
});

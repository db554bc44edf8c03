import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { TOPOLOGY_KINDS } from '../../src/spec/types.ts';
import { newest } from '../support/engines.ts';
import { compileClient, createStack, type Stack } from './stack.ts';

const stacks: Stack[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(engine: Parameters<typeof createStack>[0], ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(engine, ...flags);
  stacks.push(stack);
  await stack.up();
  return stack;
}

describe('the client that a stack was written with', () => {
  it.each(TOPOLOGY_KINDS)('serves %s with every pattern and ioredis', async (kind) => {
    const stack = await boot(
      newest('valkey'),
      '--topology',
      kind,
      '--library',
      'ioredis',
      '--patterns',
      'all',
    );
    await compileClient(stack.dir);
    const { stdout } = await stack.work('cache');
    expect(JSON.parse(String(stdout))).toEqual({ first: 1, hit: 1, fresh: 2, loads: 2 });
  });

  it('refuses a server that drops what a keyspace must keep, and leaves no connection behind', async () => {
    const stack = await boot(newest('redis'), '--topology', 'standalone', '--patterns', 'queues');
    writeFileSync(
      join(stack.dir, 'client/src/keyspaces.ts'),
      [
        "import { defineKeyspaces } from './core.js';",
        "import { queue } from './queues.js';",
        "export const keyspaces = defineKeyspaces({ mail: queue<string>({ name: 'mail' }) });\n",
      ].join('\n'),
    );
    await compileClient(stack.dir);
    expect((await stack.work('verify', 'x', '0')).exitCode).toBe(0);

    const [node] = (await stack.status()).nodes;
    const admin = ['-p', String(node?.port), '--user', 'admin', '--no-auth-warning'];
    await execa(
      join(stack.engine.bin, 'redis-cli'),
      [...admin, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
      {
        env: { REDISCLI_AUTH: secretOf(stack, 'admin') },
      },
    );
    // It ends by itself: a connection that was left open would keep the process going.
    const refused = await stack.work('verify', 'x', '0').catch((error: unknown) => error);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('redis/may-evict') });
  });
});

function secretOf(stack: Stack, user: string): string {
  return readFileSync(join(stack.dir, '.secrets', user), 'utf8').trim();
}

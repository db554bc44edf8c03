import { randomInt } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseEnv } from '../../src/workspace/secrets.ts';
import { type Engine, engines, newest } from '../support/engines.ts';
import { type Caller, startCaller } from './calls.ts';
import { asUser, loginOf } from './logins.ts';
import { compileClient, createStack, type Finished, type NodeRow, type Stack } from './stack.ts';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const stacks: Stack[] = [];
const callers: Caller[] = [];

afterEach(async () => {
  for (const caller of callers.splice(0)) await caller.end().catch(() => undefined);
});
afterAll(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function boot(engine: Engine, ...flags: readonly string[]): Promise<Stack> {
  const stack = await createStack(engine, ...flags);
  stacks.push(stack);
  await stack.up();
  return stack;
}

function call(stack: Stack, envFiles?: readonly string[]): Caller {
  const caller = startCaller(stack, envFiles);
  callers.push(caller);
  return caller;
}

const rotate = (stack: Stack, ...words: readonly string[]): Promise<Finished> =>
  stack.command('rotate', stack.dir, '--yes', ...words);

const DATA_USERS = ['admin', 'app', 'replication', 'probe', 'exporter'];
const SENTINEL_USERS = ['admin', 'app', 'sentinel', 'probe'];
const usersOf = (node: NodeRow): readonly string[] =>
  node.role === 'sentinel' ? SENTINEL_USERS : DATA_USERS;

const lines = (stack: Stack, user: string): readonly string[] =>
  readFileSync(join(stack.dir, '.secrets', user), 'utf8')
    .trim()
    .split('\n');
const inEnv = (stack: Stack, user: string): string | undefined =>
  parseEnv(readFileSync(join(stack.dir, '.env'), 'utf8')).get(`REDIS_${user.toUpperCase()}_PASSWORD`);
const passwords = (stack: Stack): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new Set([...DATA_USERS, 'sentinel'])].map((user) => {
      try {
        return [user, loginOf(stack, user).password];
      } catch {
        return [user, ''];
      }
    }),
  );

/** Who is let in with which of two sets of passwords, by node and user. */
async function letsIn(stack: Stack, known: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { nodes } = await stack.status();
  const tries = nodes.flatMap((node) =>
    usersOf(node).map(async (username) => {
      try {
        (await openConnection(node, { username, password: known[username] ?? '' })).close();
        return [`${node.name} ${username}`];
      } catch (error) {
        expect((error as Error).message).toContain('WRONGPASS');
        return [];
      }
    }),
  );
  return (await Promise.all(tries)).flat();
}

const everyDoor = async (stack: Stack): Promise<readonly string[]> =>
  (await stack.status()).nodes.flatMap((node) => usersOf(node).map((user) => `${node.name} ${user}`));

const matrix = (['standalone', 'sentinel', 'cluster'] as const).flatMap((kind) =>
  (['node-redis', 'ioredis'] as const).map((library) => ({
    kind,
    library,
    engine:
      library === 'ioredis'
        ? newest('valkey')
        : kind === 'cluster'
          ? newest('redis')
          : (engines()[0] ?? newest('redis')),
  })),
);

describe('rotate under calls of the emitted client', () => {
  it.each(matrix)(
    '$kind with $library on $engine.name $engine.line: no call fails',
    async ({ kind, library, engine }) => {
      const stack = await boot(engine, '--topology', kind, '--library', library);
      await compileClient(stack.dir);
      const before = passwords(stack);
      const inode = statSync(join(stack.dir, '.secrets/app')).ino;
      const caller = call(stack);
      await caller.more(500);

      const { code, out, err } = await rotate(stack, '--json');
      expect([code, err], out).toEqual([0, '']);
      const result = JSON.parse(out) as { outcome: string; ended: { user: string; isReplica: boolean }[] };
      expect(result.outcome).toBe('done');
      // Clients and Sentinels had moved by themselves: only links of replicas had to be ended.
      expect(result.ended.filter(({ isReplica }) => !isReplica)).toEqual([]);
      await caller.more(500);
      const called = await caller.end();
      expect(called).toMatchObject({ errors: [], isOver: true, isAllHeard: true });

      expect(await letsIn(stack, before)).toEqual([]);
      expect(await letsIn(stack, passwords(stack))).toEqual(await everyDoor(stack));
      for (const user of DATA_USERS) {
        expect(lines(stack, user)).toHaveLength(1);
        expect(lines(stack, user)).not.toEqual([before[user]]);
        expect(inEnv(stack, user)).toBe(lines(stack, user)[0]);
      }
      expect(statSync(join(stack.dir, '.secrets/app')).ino).toBe(inode);
      expect((await stack.status()).ready).toBe(true);
      // What a start would take is what the servers have.
      await stack.down();
      if (kind !== 'sentinel') return;
      await stack.up();
      expect(await letsIn(stack, passwords(stack))).toEqual(await everyDoor(stack));
      await stack.down();
    },
  );
});

describe('clients that do not move', () => {
  let stack: Stack;
  let node: NodeRow;
  const primary = async (): Promise<NodeRow> => {
    const found = (await stack.status()).nodes.find(({ role }) => role === 'primary');
    if (!found) throw new Error('there is a primary');
    return found;
  };
  beforeAll(async () => {
    stack = await boot(newest('redis'), '--topology', 'sentinel');
    await compileClient(stack.dir);
    node = await primary();
  });

  it('keep their password until they are ended by force, and are named', async () => {
    const before = passwords(stack);
    const stubborn = await openConnection(node, loginOf(stack, 'app'));
    await stubborn.call('CLIENT', 'SETNAME', 'old-hand');
    const stopped = await rotate(stack, '--users', 'app', '--grace', '1');
    expect(stopped.code).toBe(1);
    expect(stopped.out).toMatch(/app \(old-hand\) from 127\.0\.0\.1:\d+, on node-1/);
    expect(stopped.out).toContain('--force');
    expect(lines(stack, 'app')).toEqual([expect.any(String), before.app]);
    expect(inEnv(stack, 'app')).toBe(lines(stack, 'app')[0]);
    for (const password of lines(stack, 'app'))
      (await openConnection(node, { username: 'app', password })).close();
    // A restart forgets neither.
    await stack.down();
    await stack.up();
    node = await primary();
    for (const password of lines(stack, 'app'))
      (await openConnection(node, { username: 'app', password })).close();
    await expect(stubborn.call('PING')).rejects.toThrow();
    const second = await openConnection(node, { username: 'app', password: before.app ?? '' });

    // It was started since, so nobody can say which password this one has; nothing is made anew either.
    const next = lines(stack, 'app')[0];
    const finished = await rotate(stack, '--grace', '0');
    expect([finished.code, finished.err], finished.out).toEqual([0, '']);
    expect(finished.out).toContain('under way for app');
    expect(lines(stack, 'app')).toEqual([next]);
    await expect(openConnection(node, { username: 'app', password: before.app ?? '' })).rejects.toThrow(
      'WRONGPASS',
    );
    second.close();
  });

  it('are ended with --force, after everybody else has moved', async () => {
    const caller = call(stack);
    await caller.more(300);
    const stubborn: Connection = await openConnection(node, loginOf(stack, 'app'));
    const { code, out } = await rotate(stack, '--users', 'app', '--grace', '20', '--force', '--json');
    expect(code, out).toBe(0);
    const { ended } = JSON.parse(out) as { ended: { user: string }[] };
    expect(ended.map(({ user }) => user)).toEqual(['app']);
    await expect(stubborn.call('PING')).rejects.toThrow();
    await caller.more(300);
    expect(await caller.end()).toMatchObject({ errors: [], isAllHeard: true });
  });

  it('are those that got their password by the environment alone', async () => {
    writeFileSync(
      join(stack.dir, '.redis-stack/run/plain'),
      readFileSync(join(stack.dir, '.redis-stack/run/env'), 'utf8').replace(/^REDIS_PASSWORD_FILE=.*$/m, ''),
    );
    const caller = call(stack, ['.env', '.redis-stack/run/plain']);
    await caller.more(300);
    const stopped = await rotate(stack, '--users', 'app', '--grace', '2');
    expect(stopped.code).toBe(1);
    await caller.more(300);
    expect(await caller.end()).toMatchObject({ errors: [], isAllHeard: true });
    expect((await rotate(stack)).code).toBe(0);
  });
});

describe('a rotation that is killed', () => {
  it('at any moment leaves clients at work, and is brought to its end by the next', async () => {
    const stack = await boot(newest('valkey'), '--topology', 'sentinel', '--library', 'ioredis');
    await compileClient(stack.dir);
    const first = passwords(stack);
    const caller = call(stack);
    await caller.more(300);
    for (let round = 0; round < 4; round++) {
      const child = execa('node', [cli, 'rotate', stack.dir, '--yes'], {
        env: { PATH: `${stack.engine.bin}:${process.env.PATH}`, NO_COLOR: '1' },
        extendEnv: false,
        reject: false,
      });
      await sleep(randomInt(300, 4000));
      child.kill('SIGKILL');
      await child;
      // Whatever is in the files lets everybody in.
      expect(await letsIn(stack, passwords(stack)), `round ${round}`).toEqual(await everyDoor(stack));
      await caller.more(100);
    }
    const last = await rotate(stack);
    expect([last.code, last.err], last.out).toEqual([0, '']);
    if (last.out.includes('under way')) expect((await rotate(stack)).code).toBe(0);
    await caller.more(300);
    expect(await caller.end()).toMatchObject({ errors: [], isAllHeard: true });
    expect(await letsIn(stack, first)).toEqual([]);
    for (const user of [...DATA_USERS, 'sentinel']) expect(lines(stack, user)).toHaveLength(1);
    const { nodes } = await stack.status();
    for (const node of nodes)
      for (const user of usersOf(node)) {
        const facts = (await asUser(stack, node, 'admin', 'ACL', 'GETUSER', user)) as unknown[];
        expect(facts[facts.indexOf('passwords') + 1]).toHaveLength(1);
      }
  }, 240_000);
});

describe('what is refused, and what is mended', () => {
  let stack: Stack;
  const EXTRA = JSON.stringify([{ name: 'reports', access: 'readonly', keys: ['shop:*'] }]);
  beforeAll(async () => {
    stack = await createStack(
      newest('redis'),
      '--topology',
      'standalone',
      '--set',
      `security.users=${EXTRA}`,
    );
    stacks.push(stack);
  });
  const problemOf = ({ code, out }: Finished): readonly unknown[] => [
    code,
    (JSON.parse(out) as { problems: { code: string }[] }).problems.map((one) => one.code),
  ];

  it('a stack that does not run', async () => {
    expect(problemOf(await rotate(stack, '--json'))).toEqual([2, ['rotate/not-running']]);
    await stack.up();
  });

  it.each([
    [['--users', 'nobody'], 'rotate/unknown-user'],
    [['--grace', 'soon'], 'cli/bad-grace'],
    [['--grace', '-1'], 'cli/bad-grace'],
  ])('%j', async (words, code) => {
    expect(problemOf(await rotate(stack, ...words, '--json'))).toEqual([2, [code]]);
  });

  it('nobody who says yes', async () => {
    const before = passwords(stack);
    const { code, err } = await stack.command('rotate', stack.dir);
    expect([code, err]).toEqual([2, expect.stringContaining('--yes')]);
    expect(passwords(stack)).toEqual(before);
  });

  it('a look ahead changes nothing', async () => {
    const before = passwords(stack);
    const { code, out } = await stack.command('rotate', stack.dir, '--dry-run');
    expect([code, out]).toEqual([0, expect.stringContaining('New passwords for admin, app')]);
    expect(passwords(stack)).toEqual(before);
  });

  it('only the users that are asked for, extra ones as well', async () => {
    const before = passwords(stack);
    const reports = loginOf(stack, 'reports').password;
    expect((await rotate(stack, '--users', 'reports')).code).toBe(0);
    expect(passwords(stack)).toEqual(before);
    expect(loginOf(stack, 'reports').password).not.toBe(reports);
  });

  it('a lost .env comes back, and a wrong one is put right by what the servers say', async () => {
    rmSync(join(stack.dir, '.env'));
    const lost = await rotate(stack, '--users', 'probe');
    expect([lost.code, lost.err], lost.out).toEqual([0, '']);
    expect(statSync(join(stack.dir, '.env')).mode & 0o777).toBe(0o600);
    expect(inEnv(stack, 'app')).toBe(lines(stack, 'app')[0]);

    const text = readFileSync(join(stack.dir, '.env'), 'utf8');
    writeFileSync(join(stack.dir, '.env'), text.replace(/^(REDIS_APP_PASSWORD=).*$/m, '$1stale'));
    const stale = await rotate(stack, '--users', 'probe');
    expect([stale.code, stale.out]).toEqual([
      0,
      expect.stringContaining('.env (REDIS_APP_PASSWORD) is brought'),
    ]);
    expect(inEnv(stack, 'app')).toBe(lines(stack, 'app')[0]);

    const right = lines(stack, 'app')[0];
    writeFileSync(join(stack.dir, '.secrets/app'), 'wrong\n');
    const wrong = await rotate(stack, '--users', 'probe');
    expect([wrong.code, wrong.out]).toEqual([0, expect.stringContaining('.secrets/app is brought')]);
    expect(lines(stack, 'app')).toEqual([right]);
  });

  it('passwords that no server knows', async () => {
    const text = readFileSync(join(stack.dir, '.env'), 'utf8');
    const secret = readFileSync(join(stack.dir, '.secrets/app'), 'utf8');
    writeFileSync(join(stack.dir, '.env'), text.replace(/^(REDIS_APP_PASSWORD=).*$/m, '$1stale'));
    writeFileSync(join(stack.dir, '.secrets/app'), 'wrong\n');
    expect(problemOf(await rotate(stack, '--json'))).toEqual([2, ['rotate/unknown-password']]);
    writeFileSync(join(stack.dir, '.env'), text);
    writeFileSync(join(stack.dir, '.secrets/app'), secret);
    rmSync(join(stack.dir, '.secrets/probe'));
    expect(problemOf(await rotate(stack, '--json'))).toEqual([2, ['rotate/no-secret']]);
    expect((await stack.command('update', stack.dir)).code).toBe(0);
    expect((await rotate(stack, '--users', 'probe')).code).toBe(0);
  });

  it('a node that is away', async () => {
    const before = passwords(stack);
    const [node] = (await stack.status()).nodes;
    await stack.signal(node?.name ?? '', 'SIGSTOP');
    const { code, out } = await rotate(stack, '--json').finally(() =>
      stack.signal(node?.name ?? '', 'SIGCONT'),
    );
    expect([code, out]).toEqual([2, expect.stringContaining('rotate/not-healthy')]);
    expect(passwords(stack)).toEqual(before);
  });
});

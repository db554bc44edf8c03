// A holder of locks as a process of its own. `count`: adds one to a number, over and over, without a way to do it in one step;
// says `<number> <fence>` each time. `hold`: holds the lock until it is lost; says `held <fence>` and `lost <code>`.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../src/connect.standalone.js';
import { RedisError } from '../src/errors.js';
import { type HeldLock, type Lock, lock } from '../src/locks.js';
import { openRedis, type Redis } from '../src/redis.js';
import { env, standaloneStack } from './stacks.ts';

const [port = '', what = '', ttlMs = '', times = '0'] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function count(redis: Redis, locks: Lock<string>): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    const add = async ({ fence }: HeldLock): Promise<void> => {
      const before = Number((await redis.direct.get('number')) ?? 0);
      await sleep(Math.random() * 4);
      await redis.direct.set('number', String(before + 1));
      say(`${before + 1} ${fence}`);
    };
    await locks.with('shared', add, { waitMs: 60_000 });
  }
}

async function hold(locks: Lock<string>): Promise<void> {
  const work = async ({ fence, signal }: HeldLock): Promise<void> => {
    say(`held ${fence}`);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  await locks.with('shared', work).catch((error: unknown) => {
    say(`lost ${error instanceof RedisError ? error.code : error}`);
  });
}

async function main(): Promise<void> {
  const redis = await openRedis(connect, standaloneStack({ port: Number(port) }), { env });
  const locks = redis.use(lock<string>({ name: 'process', key: (id) => [id], ttlMs: Number(ttlMs) }));
  await (what === 'count' ? count(redis, locks) : hold(locks));
  await redis.close();
}

void main();

// A worker as a process of its own, which writes to a store over HTTP: says `ready` and its pid, then what it is told of.
import { writeSync } from 'node:fs';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import type { RedisEvent } from '../src/definition.js';
import { openRedis } from '../src/redis.js';
import { type WriteBehindFlush, writeBehind } from '../src/write-behind.js';
import { env, sentinelStack, standaloneStack } from './stacks.ts';

const [where = '{}', definition = '{}', url = ''] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const flush: WriteBehindFlush<number> = async (changes, { signal }) => {
  const headers = { 'x-pid': String(process.pid) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(changes), signal });
  await response.text();
};

async function main(): Promise<void> {
  const { ports, primaryName } = JSON.parse(where) as { ports: number[]; primaryName?: string };
  const observe = ({ what, error }: RedisEvent) => say(`told ${what} ${String(error ?? '')}`);
  const redis = await (primaryName === undefined
    ? openRedis(connect, standaloneStack({ port: ports[0] ?? 0 }), { env, observe })
    : openRedis(
        connectSentinel,
        sentinelStack(
          ports.map((port) => ({ port })),
          primaryName,
        ),
        { env, observe },
      ));
  redis.use(writeBehind<string, number>({ key: (id) => [id], flush, ...JSON.parse(definition) })).start();
  process.on('SIGTERM', () => void redis.close());
  say(`ready ${process.pid}`);
}

void main();

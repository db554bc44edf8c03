// A worker as a process of its own: says `handled <item> <id> <count>` for each item, and what it is told of.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../src/connect.standalone.js';
import type { RedisEvent } from '../src/definition.js';
import { type QueueDelivery, queue } from '../src/queues.js';
import { openRedis } from '../src/redis.js';
import { env, standaloneStack } from './stacks.ts';

const [port = '', definition = '{}', itemMs = '0'] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function main(): Promise<void> {
  const observe = ({ what }: RedisEvent) => say(`told ${what}`);
  const redis = await openRedis(connect, standaloneStack({ port: Number(port) }), { env, observe });
  const handle = async (item: number, { id, count }: QueueDelivery): Promise<void> => {
    say(`began ${item} ${id} ${count}`);
    await sleep(Number(itemMs));
    say(`handled ${item} ${id} ${count}`);
  };
  redis.use(queue<number>(JSON.parse(definition))).work(handle);
  process.on('SIGTERM', () => void redis.close());
}

void main();

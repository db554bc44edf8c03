// A consumer as a process of its own: says `ready`, and `began <item> <count>` and `handled <item> <count>` for each entry.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSentinel } from '../src/connect.sentinel.js';
import { connect } from '../src/connect.standalone.js';
import { openRedis } from '../src/redis.js';
import { type StreamDelivery, stream } from '../src/streams.js';
import { env, sentinelStack, standaloneStack } from './stacks.ts';

const [where = '{}', name = '', options = '{}', itemMs = '0'] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function main(): Promise<void> {
  const { ports, primaryName } = JSON.parse(where) as { ports: number[]; primaryName?: string };
  const servers = ports.map((port) => ({ port }));
  const redis = await (primaryName === undefined
    ? openRedis(connect, standaloneStack(servers[0] ?? { port: 0 }), { env })
    : openRedis(connectSentinel, sentinelStack(servers, primaryName), { env }));
  const handle = async (item: number, { count }: StreamDelivery): Promise<void> => {
    say(`began ${item} ${count}`);
    await sleep(Number(itemMs));
    say(`handled ${item} ${count}`);
  };
  redis.use(stream<number>({ name })).consume('group', handle, JSON.parse(options));
  process.on('SIGTERM', () => void redis.close());
  say('ready');
}

void main();

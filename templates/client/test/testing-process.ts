// A test process that forgets to stop its servers: says where their files and what their process ids are, and then ends.
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../src/testing.js';
import { standaloneStack } from './stacks.ts';

const [server = '', how = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const stack = standaloneStack({ port: 1 });
  const before = new Set(readdirSync(tmpdir()));
  const all = await Promise.all([startRedis({ stack, server }), startRedis({ stack, server })]);
  const infos = await Promise.all(all.map((one) => one.command('', 'INFO', 'server')));
  const pids = infos.map((info) => /process_id:(\d+)/.exec(String(info))?.[1]);
  const folder = readdirSync(tmpdir()).find((name) => name.startsWith('redis-test-') && !before.has(name));
  process.stdout.write(`${[join(tmpdir(), folder ?? ''), ...pids].join(' ')}\n`);
  if (how === 'throw') throw new Error('The test has failed.');
  if (how === 'hang') setInterval(() => {}, 1000);
}

void main();

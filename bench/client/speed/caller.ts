// One of the processes of the stampede: connects, waits for the word, calls, and says how often its loader was called.
import { setTimeout as sleep } from 'node:timers/promises';
import { cache } from '../../../templates/client/src/cache-aside.js';
import { openOurs } from '../ours.ts';

const [port, callers] = process.argv.slice(2).map(Number);
const entries = cache<string, string>({ name: 'stampede', key: (id) => [id], ttlMs: 60_000 });
const redis = await openOurs({ kind: 'standalone', ports: [port ?? 0] });
const opened = redis.use(entries);

process.on('message', async (key: string) => {
  let loads = 0;
  const load = async (): Promise<string> => {
    loads++;
    await sleep(50);
    return 'value';
  };
  const values = await Promise.all(Array.from({ length: callers ?? 0 }, () => opened.getOrSet(key, load)));
  process.send?.({ loads, answered: values.filter((value) => value === 'value').length });
});
process.on('disconnect', () => void redis.close());
process.send?.('ready');

import { openEmitted } from './drivers/emitted.ts';
import { openIoredis } from './drivers/ioredis.ts';
import { openNodeRedis } from './drivers/node-redis.ts';
import type { Driver, OnBroken, Target, WriterOptions } from './types.ts';
import { Writer } from './writer.ts';

/** What the judge asks of this process, one at a time. */
export type Order =
  | { readonly ask: 'begin'; readonly target: Target; readonly options: WriterOptions }
  | { readonly ask: 'switch'; readonly target: Target }
  | { readonly ask: 'progress' }
  | { readonly ask: 'stop' };

export type Answer = { readonly value: unknown } | { readonly error: string };

/** A client that has been left may have calls under way; what they wait for longer is asked again elsewhere. */
const LEAVE_MS = 1000;

let writer: Writer | undefined;

function open(target: Target, onBroken: OnBroken): Promise<Driver> {
  if (target.driver === 'emitted') return openEmitted(target, onBroken);
  return target.driver === 'ioredis' ? openIoredis(target, onBroken) : openNodeRedis(target, onBroken);
}

const broken = (error: unknown): void => writer?.broken(error);

async function carryOut(order: Order): Promise<unknown> {
  if (order.ask === 'begin') {
    writer = new Writer(await open(order.target, broken), order.options);
    return writer.begin();
  }
  if (writer === undefined) throw new Error('nothing was begun');
  if (order.ask === 'progress') return writer.progress();
  if (order.ask === 'stop') return writer.stop();
  const before = writer.use(await open(order.target, broken));
  setTimeout(() => void before.close(), LEAVE_MS);
  return undefined;
}

process.on('message', async (order: Order) => {
  const answer: Answer = await carryOut(order).then(
    (value) => ({ value }),
    (error: unknown) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.send?.(answer);
});
// Whoever started this is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

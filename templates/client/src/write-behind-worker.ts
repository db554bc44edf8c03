import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from './definition.js';
import { RedisError } from './errors.js';
import { startWorker, type Turn, type Worker } from './workers.js';
import { type FlusherOptions, type Pace, type Shard, ShardFlusher } from './write-behind-flusher.js';

export interface FlushingOptions<Value> extends FlusherOptions<Value> {
  readonly maxDelayMs: number;
}

/** Flushes all shards at their own pace: one that is slow or ill holds up no other. */
export function startFlushing<Value>(
  services: Services,
  shards: readonly Shard[],
  options: FlushingOptions<Value>,
  prepare: () => Promise<void>,
): Worker {
  const flushers = shards.map((shard) => new ShardFlusher(shard, options));
  const closing = { isClosing: false };
  // Told before the worker is.
  services.onClose(async () => {
    closing.isClosing = true;
  });
  return startWorker(services, options.access.name, async (turn) => {
    await prepare();
    // Two loops of each shard listen, which is no leak.
    setMaxListeners(0, turn.signal);
    const loops = flushers.map((flusher) => flushShard(flusher, options, closing, turn));
    await Promise.all(loops);
  });
}

/** Until the worker is stopped. */
async function flushShard<Value>(
  flusher: ShardFlusher<Value>,
  options: FlushingOptions<Value>,
  closing: { readonly isClosing: boolean },
  turn: Turn,
): Promise<void> {
  const { port, signal } = turn;
  const stopRenewing = flusher.keepRenewing(options.access.services.port);
  const isStopped = () => signal.aborted && !closing.isClosing;
  const failed = (failures: number) => flusher.pauseMs(failures);
  const loop = (pass: () => Promise<Pace>, idleMs: number) =>
    repeat({
      pass: () => observed(options, pass),
      idleMs,
      failedMs: failed,
      isClosing: () => closing.isClosing,
      signal,
    });
  await Promise.all([
    loop(() => flusher.flushNew(port), options.maxDelayMs),
    loop(() => flusher.flushDue(port, isStopped), flusher.retryEveryMs),
  ]);
  stopRenewing();
  await flusher.leave();
}

interface Loop {
  readonly pass: () => Promise<Pace | 'closed'>;
  readonly idleMs: number;
  /** The pause after so many failures in a row. */
  readonly failedMs: (failures: number) => number;
  readonly isClosing: () => boolean;
  readonly signal: AbortSignal;
}

async function repeat({ pass, idleMs, failedMs, isClosing, signal }: Loop): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const pace = await pass();
    if (pace === 'closed') return;
    failures = pace === 'failed' ? failures + 1 : 0;
    const ms = pace === 'failed' ? failedMs(failures) : idleMs;
    if (pace !== 'more') await sleep(ms, undefined, { signal }).catch(() => {});
  }
  // The last of what waits, before the connection closes.
  while (isClosing() && (await pass()) === 'more');
}

async function observed<Value>(
  { access }: FlushingOptions<Value>,
  pass: () => Promise<Pace>,
): Promise<Pace | 'closed'> {
  try {
    return await pass();
  } catch (error) {
    if (error instanceof RedisError && error.code === 'redis/closed') return 'closed';
    access.services.observe({ name: access.name, what: 'worker-failed', error });
    return 'failed';
  }
}

import { RedisError } from './errors.js';
import { late, within } from './time.js';

// What Redis answers while a failover, a start or a slot migration is under way.
const passing = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MOVED|ASK|UNBLOCKED|BUSY) /;

/** Milliseconds before the next try: doubling from 50 to 1000, spread so that clients do not return together. */
export function backoffMs(attempt: number): number {
  const ceiling = Math.min(1000, 50 * 2 ** attempt);
  return ceiling * (0.5 + Math.random() / 2);
}

// How often a call is asked again at once: a server that hands over is gone for no longer than that.
const quickTries = 4;
const waiting = new Set<() => void>();

/** Has everybody who waits before the next try of a call make it now: there are other connections. */
export function retryNow(): void {
  for (const wake of [...waiting]) wake();
}

/** Milliseconds, or until `retryNow`. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    waiting.add(wake);
  });
}

/** Whether the same command may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof RedisError)) return false;
  if (error.code === 'redis/unreachable' || error.code === 'redis/overloaded') return true;
  return error.code === 'redis/refused' && error.cause instanceof Error && passing.test(error.cause.message);
}

const isFull = (error: unknown): boolean => error instanceof RedisError && error.code === 'redis/overloaded';

/**
 * Repeats a command until Redis takes it, through a restart or a failover, for `withinMs` milliseconds; then rejects with
 * `redis/deadline`. A command may be applied more than once, because a lost answer looks like a lost command.
 *
 * A try is never given up while its outcome is open: a forgotten one could land after a later write and undo it.
 */
export async function persist<T>(operation: () => Promise<T>, withinMs: number): Promise<T> {
  let isOver = false;
  const outcome = await within(
    repeat(operation, () => isOver),
    withinMs,
  );
  isOver = true;
  if (outcome !== late) return outcome;
  throw new RedisError(
    'redis/deadline',
    `Redis did not confirm within ${withinMs} ms; the write may still happen.`,
  );
}

async function repeat<T>(operation: () => Promise<T>, isOver: () => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(backoffMs(isFull(error) ? attempt : Math.max(0, attempt + 1 - quickTries)));
      if (isOver()) throw error;
    }
  }
}

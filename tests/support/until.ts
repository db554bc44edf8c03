import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks again until the answer is neither undefined nor false, and gives it.
 * Errors count as "not yet"; the last one is the cause when time is up.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 20_000, everyMs = 50 }: Patience = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(everyMs);
  } while (Date.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`, { cause });
}

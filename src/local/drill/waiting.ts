import { setTimeout as sleep } from 'node:timers/promises';

/** Waits that end when the drill is stopped. */
export interface Waiting {
  readonly rest: (ms: number) => Promise<void>;
  /** Asks until the answer is neither undefined nor false; rejects after `timeoutMs`. */
  readonly until: <T>(what: string, ask: () => Promise<T | undefined | false>) => Promise<T>;
}

const EVERY_MS = 150;

export function waitingWith(signal: AbortSignal, timeoutMs: number): Waiting {
  const rest = async (ms: number): Promise<void> => void (await sleep(ms, undefined, { signal }));
  return {
    rest,
    until: async (what, ask) => {
      const end = performance.now() + timeoutMs;
      for (;;) {
        signal.throwIfAborted();
        const answer = await ask();
        if (answer !== undefined && answer !== false) return answer;
        if (performance.now() > end) throw new Error(`after ${timeoutMs / 1000} s still not: ${what}`);
        await rest(EVERY_MS);
      }
    },
  };
}

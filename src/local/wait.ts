import { setTimeout as sleep } from 'node:timers/promises';
import { type Observed, type Observer, observe } from './observe.ts';

export interface Waiting extends Observer {
  readonly timeoutSeconds: number;
  readonly onProgress: (text: string) => void;
  /** Rejects when a node has ended, for then no waiting helps. */
  readonly expectAlive: () => Promise<void>;
  /** What to throw when time is up; gets what is still missing. */
  readonly tooLate: (missing: readonly string[]) => Promise<Error>;
}

/** Asks until what the nodes say of themselves is what the model promises. */
export async function waitUntilReady(waiting: Waiting): Promise<Observed> {
  const end = Date.now() + waiting.timeoutSeconds * 1000;
  let observed = await observe(waiting);
  while (observed.missing.length > 0) {
    await waiting.expectAlive();
    if (Date.now() > end) throw await waiting.tooLate(observed.missing);
    waiting.onProgress(`waiting until ${observed.missing[0]}`);
    await sleep(300);
    observed = await observe(waiting);
  }
  return observed;
}

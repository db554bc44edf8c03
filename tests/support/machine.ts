import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * A thread that does nothing but look at the clock. When it is late, the machine was busy with something else, and
 * whatever was measured meanwhile was late as well; a process that keeps its own event loop busy does not make it late.
 */
const WATCHER = `
const { parentPort } = require('node:worker_threads');
const everyMs = 5;
const slackMs = 10;
const stalls = [];
let last = performance.timeOrigin + performance.now();
setInterval(() => {
  const now = performance.timeOrigin + performance.now();
  if (now - last > everyMs + slackMs) stalls.push([last + everyMs, now]);
  last = now;
}, everyMs);
parentPort.on('message', ([from, to]) => {
  let ms = 0;
  for (const [begin, end] of stalls) ms += Math.max(0, Math.min(end, to) - Math.max(begin, from));
  parentPort.postMessage(ms);
});
`;

let thread: Promise<Worker> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Begins to watch; from then on `stolenMs` can tell. */
export function watchMachine(): Promise<Worker> {
  thread ??= (async () => {
    const worker = new Worker(WATCHER, { eval: true });
    worker.unref();
    await once(worker, 'online');
    return worker;
  })();
  return thread;
}

/** How long the machine stood still for this process between two moments of `performance.now()`. */
export async function stolenMs(from: number, to = performance.now()): Promise<number> {
  const { timeOrigin } = performance;
  const worker = await watchMachine();
  // One question after the other: answers carry no names.
  const asked = last.then(async () => {
    const answered = once(worker, 'message');
    worker.postMessage([timeOrigin + from, timeOrigin + to]);
    const [ms] = await answered;
    return ms as number;
  });
  last = asked.catch(() => {});
  return asked;
}

export interface LoopWatch {
  /** How long this process came to nothing between two moments of `performance.now()`, whoever it was that kept it busy. */
  stalledMs(from: number, to: number): number;
  stop(): void;
}

const everyMs = 5;
const slackMs = 10;

/**
 * Watches the event loop of this very process. What is left of a time without its stalls was spent waiting for somebody else;
 * that the code under test does not keep the loop busy itself is to be held elsewhere, with `stolenMs`.
 */
export function watchLoop(): LoopWatch {
  const stalls: (readonly [from: number, to: number])[] = [];
  let before = performance.now();
  const clock = setInterval(() => {
    const now = performance.now();
    if (now - before > everyMs + slackMs) stalls.push([before + everyMs, now]);
    before = now;
  }, everyMs);
  return {
    stalledMs: (from, to) =>
      stalls.reduce((ms, [begin, end]) => ms + Math.max(0, Math.min(end, to) - Math.max(begin, from)), 0),
    stop: () => clearInterval(clock),
  };
}

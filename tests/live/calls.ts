import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { until } from '../support/until.ts';
import type { Stack } from './stack.ts';

export interface Called {
  readonly calls: number;
  /** In the words of the client; none is repaired by asking again. */
  readonly errors: readonly string[];
  /** Of one call, from asking to the answer. */
  readonly longestMs: number;
  readonly isOver?: boolean;
  /** Each message once, and in order. */
  readonly isAllHeard?: boolean;
}

/** An application that calls without a pause until it is ended. */
export interface Caller {
  /** What it has done so far. */
  now(): Called;
  /** Waits until so many more calls were answered. */
  more(count: number): Promise<void>;
  end(): Promise<Called>;
}

const program = fileURLToPath(new URL('./caller.mjs', import.meta.url));

/** Starts the application with the compiled client of a stack, and the environment that `up` wrote or another. */
export function startCaller(
  stack: Pick<Stack, 'dir'>,
  envFiles: readonly string[] = ['.env', '.redis-stack/run/env'],
): Caller {
  const child = execa(
    'node',
    [
      ...envFiles.map((file) => `--env-file=${stack.dir}/${file}`),
      program,
      `${stack.dir}/client/dist/index.js`,
    ],
    { env: { PATH: process.env.PATH ?? '' }, extendEnv: false },
  );
  // Whoever waits for it hears of its end.
  child.catch(() => undefined);
  let last: Called = { calls: 0, errors: [], longestMs: 0 };
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = JSON.parse(line) as Called;
  });
  return {
    now: () => last,
    more: async (count) => {
      const before = last.calls;
      await until(`${count} more calls`, () => last.calls >= before + count);
    },
    end: async () => {
      child.stdin.end();
      await child;
      return last;
    },
  };
}

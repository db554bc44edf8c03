import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Finished, Stack } from '../../live/stack.ts';
import { leash } from '../leash.ts';

/**
 * The built command at work; each line that it puts out has the seconds since its beginning before it. All of
 * it is appended to the file that MIGRATE_TRACE names.
 */
export interface Execution {
  readonly ended: Promise<Finished & { readonly ms: number }>;
  isOver(): boolean;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

export function startCommand(
  { cli, env }: Pick<Stack, 'cli' | 'env'>,
  ...words: readonly string[]
): Execution {
  const began = performance.now();
  const child = spawn(process.execPath, [cli, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  leash(child);
  const ended = finished(child, began);
  return {
    ended,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function finished(child: ChildProcess, began: number) {
  let [out, err] = ['', ''];
  // What took long is told by where the time went.
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      out += `${((performance.now() - began) / 1000).toFixed(2)} s ${line}\n`;
    });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const trace = process.env.MIGRATE_TRACE;
  child.once('close', () => trace && appendFileSync(trace, `${out}${err}\n`));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, out, err, ms: Math.round(performance.now() - began) };
}

/** The command has come to its end; what it said is the message where it has not. */
export function expectDone({ code, out, err }: Finished): void {
  if (code !== 0) throw new Error(`the command gave ${code}:\n${out}${err}`);
}

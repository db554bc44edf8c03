import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { leash } from '../../../tests/support/leash.ts';

const folder = fileURLToPath(new URL('../../../.cache/children/', import.meta.url));

/** A program of its own, made of one file of this folder and all that it imports. */
export interface Program {
  readonly path: string;
  dispose(): void;
}

export async function bundle(entry: string): Promise<Program> {
  mkdirSync(folder, { recursive: true });
  const path = `${folder}${entry.replace(/\.ts$/, '')}-${process.pid}.cjs`;
  const source = fileURLToPath(new URL(entry, import.meta.url));
  await build({ entryPoints: [source], outfile: path, bundle: true, platform: 'node', logLevel: 'error' });
  return { path, dispose: () => rmSync(path, { force: true }) };
}

export interface Child {
  /** What it has said so far, a line for each call of `console.log`. */
  readonly lines: readonly string[];
  /** What it has written to its standard error. */
  readonly errors: readonly string[];
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** Resolves with its exit code. */
  ended(): Promise<number | null>;
}

/** Runs a program with words that it finds in `process.argv`; it ends with this process at the latest. */
export function run({ path }: Program, ...words: readonly string[]): Child {
  const child = spawn(process.execPath, [path, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  leash(child);
  const lines: string[] = [];
  // Whole lines only: what a killed process was about to say it has not said.
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  const ended = closed(child);
  return {
    lines,
    errors,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    ended: () => ended,
  };
}

async function closed(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

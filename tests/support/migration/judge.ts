import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { leash } from '../leash.ts';
import { until } from '../until.ts';
import type { Progress, Target, WriterOptions, Written } from './types.ts';
import type { Answer, Order } from './writer-process.ts';

/** An application that writes without a pause in a process of its own, and remembers what was acknowledged. */
export interface Judge {
  readonly keyPrefix: string;
  progress(): Promise<Progress>;
  /** Waits until so many more writes were acknowledged. */
  flows(count: number, timeoutMs?: number): Promise<void>;
  /** From now on it writes as an application that was deployed anew with another configuration. */
  switchTo(target: Target): Promise<void>;
  /** Ends the writing, waits for the last answers, and tells what was seen. */
  stop(): Promise<Written>;
  /** Ends the process, whatever it does. */
  dispose(): void;
}

export interface JudgeOptions extends Partial<WriterOptions> {
  readonly target: Target;
  /** Begins every key; what the rights of the user ask for, and more. */
  readonly keyPrefix: string;
}

export const repository = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** Also from a bundle, which stands elsewhere. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}

export async function startJudge({
  target,
  keyPrefix,
  rate = 300,
  workers = 8,
}: JudgeOptions): Promise<Judge> {
  const program = await bundle('tests/support/migration/writer-process.ts');
  const child = fork(program.path, { execArgv: [], serialization: 'advanced' });
  leash(child);
  const ask = asker(child);
  const dispose = (): void => {
    program.dispose();
    child.kill('SIGKILL');
  };
  try {
    await ask({ ask: 'begin', target, options: { keyPrefix, rate, workers } });
  } catch (error) {
    dispose();
    throw error;
  }
  const progress = () => ask({ ask: 'progress' }) as Promise<Progress>;
  return {
    keyPrefix,
    progress,
    flows: async (count, timeoutMs = 30_000) => {
      const { acknowledged } = await progress();
      await until(
        `${count} more writes below ${keyPrefix}`,
        async () => (await progress()).acknowledged >= acknowledged + count,
        {
          timeoutMs,
        },
      );
    },
    switchTo: async (next) => void (await ask({ ask: 'switch', target: next })),
    stop: () => ask({ ask: 'stop' }) as Promise<Written>,
    dispose,
  };
}

/** Asks one after the other: answers carry no names. */
function asker(child: ChildProcess): (order: Order) => Promise<unknown> {
  let last: Promise<unknown> = Promise.resolve();
  const gone = once(child, 'exit').then(() => ({ error: 'the writer has ended' }));
  const send = async (order: Order): Promise<unknown> => {
    const answered = once(child, 'message').then(([answer]) => answer as Answer);
    if (child.connected) child.send(order);
    const answer = await Promise.race([answered, gone]);
    if ('error' in answer) throw new Error(`${order.ask}: ${answer.error}`);
    return answer.value;
  };
  return (order) => {
    const next = last.catch(() => undefined).then(() => send(order));
    last = next;
    return next;
  };
}

let bundles = 0;

/** A program of its own, made of one file and all that it imports but packages. */
export async function bundle(entry: string): Promise<{ readonly path: string; dispose(): void }> {
  const folder = join(repository, '.cache/children');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `judge-${process.pid}-${bundles++}.mjs`);
  await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return { path, dispose: () => rmSync(path, { force: true }) };
}

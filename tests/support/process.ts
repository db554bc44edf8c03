import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { leash } from './leash.ts';
import { until } from './until.ts';

const STOP_TIMEOUT_MS = 5_000;

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly logPath: string;
  readonly port: number;
}

/** Starts a server and waits until it serves; a server that exits instead is reported with the end of its log. */
export async function launch({ file, args, dir, logPath, port }: Launch): Promise<ChildProcess> {
  const log = openSync(logPath, 'a');
  const child = spawn(file, args, { cwd: dir, stdio: ['ignore', log, log] });
  closeSync(log);
  leash(child);
  try {
    await Promise.race([
      until(`${file} answers on port ${port}`, () => answers(port), { timeoutMs: 15_000, everyMs: 10 }),
      once(child, 'exit').then(() => Promise.reject(new Error(`${file} exited at start`))),
    ]);
    return child;
  } catch (cause) {
    await end(child, 'SIGKILL');
    throw new Error(`${(cause as Error).message}:\n${readFileSync(logPath, 'utf8').slice(-2_000)}`, {
      cause,
    });
  }
}

export const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** To a child that leads a group, and to all that is left of the group. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child;
  // A number is not given out while a group has it: who has it after the child has ended is a stranger.
  if (pid === undefined || (hasEnded(child) && existsSync(`/proc/${pid}`))) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it had ended.
  }
}

/** Ends a child by its own pid and waits for it; what does not heed SIGTERM is killed. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  // A frozen process heeds SIGTERM only once it runs again.
  child.kill('SIGCONT');
  if (signal === 'SIGTERM') {
    const patience = new AbortController();
    const late = sleep(STOP_TIMEOUT_MS, true, { signal: patience.signal }).catch(() => false);
    if (await Promise.race([exited.then(() => false), late])) child.kill('SIGKILL');
    patience.abort();
  }
  await exited;
}

/** Any reply but "still loading" will do: a server that asks for a password serves as well. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('end', () => settle(false));
    socket.once('data', (reply) => settle(!reply.toString().startsWith('-LOADING')));
  });
}

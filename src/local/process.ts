import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Both output streams are appended here. */
  readonly log: string;
}

/** Starts a process that outlives this one. Gives its id. */
export async function launch({ file, args, env, cwd, log }: Launch): Promise<number> {
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(file, [...args], {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    if (child.pid === undefined) throw new Error(`${file} has no process id`);
    return child.pid;
  } finally {
    closeSync(output);
  }
}

/**
 * What tells this process from any other that had or will have its number: the time it started. Undefined when it is
 * gone. A zombie counts as gone.
 */
export async function identify(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return identifyByProc(pid);
  const { stdout, exitCode } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], { reject: false });
  return exitCode === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}

function identifyByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in parentheses and may hold anything; the fields after it do not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** True while the very process that was recorded is alive. */
export async function isRunning(node: { readonly pid: number; readonly identity: string }): Promise<boolean> {
  return (await identify(node.pid)) === node.identity;
}

const ASK_AGAIN_MS = 2000;

/** Asks the process to end and waits. True when it is gone in time. A stranger with its number is left alone. */
export async function terminate(
  node: { readonly pid: number; readonly identity: string },
  timeoutMs: number,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  // Asked again: a server that writes its first append-only file forgets that it was asked.
  for (let askedAt = 0; await isRunning(node); await sleep(50)) {
    if (Date.now() > end) return false;
    if (Date.now() - askedAt < ASK_AGAIN_MS) continue;
    process.kill(node.pid, 'SIGTERM');
    askedAt = Date.now();
  }
  return true;
}

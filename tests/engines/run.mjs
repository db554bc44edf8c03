import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs one program without a shell and gives its standard output.
 * Throws an error that carries the program's own complaint in one line.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, timeoutMs?: number, env?: Record<string, string> }} [options]
 */
export async function run(file, args, { cwd, timeoutMs = 120_000, env: more = {} } = {}) {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...more };
  try {
    const { stdout } = await execute(file, args, {
      cwd,
      env,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (cause) {
    throw new Error(`${file}: ${complaint(cause, timeoutMs)}`, { cause });
  }
}

/** @param {unknown} error @param {number} timeoutMs */
function complaint(error, timeoutMs) {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed) return `no answer within ${timeoutMs / 1000} s`;
  const lines = 'stderr' in error ? String(error.stderr).trim().split('\n') : [];
  const telling = lines.find((line) => /^(E:|.*error)/.test(line)) ?? lines.at(-1);
  return telling?.trim() || error.message;
}

/** @param {unknown} error */
export const reason = (error) => (error instanceof Error ? error.message : String(error));

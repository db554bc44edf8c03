import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEASH } from '../backup/scratch.ts';
import { anyPort } from '../local/ports.ts';
import { type Connection, openConnection } from '../redis/connection.ts';
import type { System } from '../system.ts';

/** Whatever ends the server, its folder goes with it. */
const SCRIPT = `${LEASH}\nrm -f scratch.conf\ncd ..\nrmdir "$2"`;
const START_MS = 10_000;
const END_MS = 5000;
/** A script with a hundred thousand elements takes a second or so. */
const ANSWER_MS = 60_000;

/**
 * Starts this server program beside everything else, empty, for nobody else to log in to, and ends it when `use` is done or
 * whoever called is gone. Undefined where it does not start.
 */
export async function withScratchServer<T>(
  { env, randomBytes }: Pick<System, 'env' | 'randomBytes'>,
  server: string,
  use: (connection: Connection) => Promise<T>,
): Promise<T | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-stack-advise-'));
  const port = await anyPort(new Set());
  const password = randomBytes(24).toString('base64url');
  writeFileSync(join(folder, 'scratch.conf'), configuration(port, password), { mode: 0o600 });
  const child = spawn('sh', ['-c', SCRIPT, 'scratch', server, folder], {
    cwd: folder,
    env: { PATH: env.PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
    // An interrupt from the terminal is for whoever called; the leash tells the server.
    detached: true,
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const connection = await firstAnswer(child, port, password);
  try {
    return connection && (await use(connection));
  } finally {
    connection?.close();
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const configuration = (port: number, password: string): string =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'dir .',
    'save ""',
    'appendonly no',
    'daemonize no',
    '',
  ].join('\n');

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null || pid === undefined;

async function firstAnswer(
  child: ChildProcess,
  port: number,
  password: string,
): Promise<Connection | undefined> {
  const login = { username: 'default', password };
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(25)) {
    if (hasEnded(child)) return undefined;
    try {
      return await openConnection({ host: '127.0.0.1', port }, login, ANSWER_MS);
    } catch {
      // Not yet.
    }
  }
  return undefined;
}

/** Letting go of the leash ends the server. */
async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  if ((await Promise.race([ended, sleep(END_MS, 'late', { ref: false })])) === 'late') child.kill('SIGKILL');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, createWriteStream, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { anyPort } from '../local/ports.ts';
import { identify } from '../local/process.ts';
import type { Command } from '../local/running.ts';
import type { StackModel } from '../model/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import { type Connection, type Credentials, openConnection } from '../redis/connection.ts';
import { parseFields } from '../redis/replies.ts';
import type { Files, System } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';
import type { ShardFile } from './manifest.ts';
import type { BackupSet } from './sets.ts';

/** How a server program is run beside the stack: as a process, or in a container of the stack's image. */
export type RunScratch = (scratch: { readonly folder: string; readonly port: number }) => Command;

export interface Scratch {
  readonly connection: Connection;
  /** Keys that the snapshot held when it was read, and those among them that had run out by then. */
  readonly loaded: number;
  readonly expired: number;
  /** Numbers of the databases that hold keys. */
  readonly databases: readonly number[];
}

export interface ScratchOptions {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
  readonly run: RunScratch;
}

/**
 * Ends the server with whoever started it, even one that was killed outright: its standard input closes then. What was
 * unpacked goes with it.
 */
export const LEASH = [
  'exec 3<&0',
  '"$1" scratch.conf 3<&- &',
  'server=$!',
  '(cat <&3 >/dev/null; kill -9 "$server" 2>/dev/null; rm -f dump.rdb) &',
  'watch=$!',
  'trap \'kill -9 "$server" 2>/dev/null\' TERM INT HUP',
  'wait "$server"',
  'kill "$watch" 2>/dev/null',
  'rm -f dump.rdb',
].join('\n');

const LOAD_DEADLINE_MS = 3_600_000;
const ANSWER_MS = 120_000;

/** Starts a server that holds one shard of a set and nobody else can log in to; gone, with its files, when `use` is done. */
export async function withScratch<T>(
  { system, root, model, run }: ScratchOptions,
  set: BackupSet,
  shard: ShardFile,
  use: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  await sweep(system.files, root);
  const folder = inside(root, `${RUN}/scratch-${process.pid}`);
  system.files.makeDirectory(folder, 0o700);
  let child: ChildProcess | undefined;
  try {
    await pipeline(
      createReadStream(join(set.folder, shard.file)),
      createGunzip(),
      createWriteStream(join(folder, 'dump.rdb'), { mode: 0o600 }),
    );
    const port = await anyPort(new Set());
    const password = system.randomBytes(24).toString('base64url');
    system.files.write(join(folder, 'scratch.conf'), configuration(model, shard, port, password), 0o600);
    child = start(run({ folder, port }), join(folder, 'log'));
    const server = { child, folder, port, credentials: { username: 'default', password }, shard };
    const connection = await loadedServer(server);
    try {
      return await use(await describe(connection));
    } finally {
      connection.close();
    }
  } finally {
    if (child) await end(child);
    system.files.remove(folder);
  }
}

/** What a run that was killed has left; its server ended with it. */
async function sweep(files: Files, root: string): Promise<void> {
  for (const name of files.list(inside(root, RUN)) ?? []) {
    const pid = /^(?:scratch|backup)-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && (pid === String(process.pid) || (await identify(Number(pid))) === undefined))
      files.remove(inside(root, `${RUN}/${name}`));
  }
}

function configuration({ directives }: StackModel, shard: ShardFile, port: number, password: string): string {
  const modules = directives.filter((d) => d.name === 'loadmodule').map((d) => [d.name, ...d.args].join(' '));
  const highest = Math.max(0, ...Object.keys(shard.databases).map(Number));
  return [
    ...modules,
    `port ${port}`,
    `requirepass ${password}`,
    'dir .',
    'dbfilename dump.rdb',
    'save ""',
    'appendonly no',
    'daemonize no',
    'protected-mode no',
    `databases ${Math.max(16, highest + 1)}`,
    '',
  ].join('\n');
}

function start({ file, args, env, cwd }: Command, log: string): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  const child = spawn(file, [...args], { cwd, env: { ...env }, stdio: ['pipe', output, output] });
  closeSync(output);
  // A program that cannot be started, or has ended, is seen by its exit.
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  return child;
}

interface Server {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly shard: ShardFile;
}

async function loadedServer(server: Server): Promise<Connection> {
  const deadline = Date.now() + LOAD_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (hasEnded(server.child)) throw new ProblemError(notLoaded(server));
    const connection = await tryLoaded(server);
    if (connection) return connection;
    await sleep(50);
  }
  throw new ProblemError(notLoaded(server));
}

async function tryLoaded({ port, credentials }: Server): Promise<Connection | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ host: '127.0.0.1', port }, credentials, ANSWER_MS);
    const info = parseFields(await connection.call('INFO', 'persistence'));
    if (info.loading === '0') return connection;
  } catch {
    // It has not come so far yet.
  }
  connection?.close();
  return undefined;
}

function notLoaded({ folder, shard }: Server): Problem {
  const log = readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n').slice(-6);
  const found = problem(
    'backup/not-loaded',
    shard.file,
    'No server could be started with it. The end of its log:',
    'Where it says that it cannot handle the format, use a stack with the engine and release that made the set, or newer.',
  );
  return { ...found, detail: log };
}

async function describe(connection: Connection): Promise<Scratch> {
  const info = parseFields(await connection.call('INFO', 'persistence'));
  const keyspace = parseFields(await connection.call('INFO', 'keyspace'));
  const databases = Object.keys(keyspace).flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? []);
  return {
    connection,
    loaded: Number(info.rdb_last_load_keys_loaded ?? 0),
    expired: Number(info.rdb_last_load_keys_expired ?? 0),
    databases: databases.map(Number),
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null || !child.pid;

/** Letting go of the leash ends the server. */
async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  const late = sleep(15_000, 'late', { ref: false });
  if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
}

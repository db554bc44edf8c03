import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './engines.ts';
import { freePort } from './ports.ts';
import { end, hasEnded, launch } from './process.ts';

export { freePort, freePorts } from './ports.ts';

const execute = promisify(execFile);

export interface Credentials {
  readonly username?: string;
  readonly password: string;
}

export interface ServerOptions {
  readonly engine: Engine;
  /** Configuration lines, as words or as the text of a file; bind, port, dir and logfile are always our own. */
  readonly directives?: readonly (readonly string[])[] | string;
  readonly port?: number;
  /** An existing folder to use as `dir`; it is then the caller's to remove. */
  readonly dir?: string;
  readonly sentinel?: boolean;
  /** What `cli` logs in with. */
  readonly auth?: Credentials;
}

/** One real server process on loopback. */
export interface Server {
  readonly engine: Engine;
  readonly port: number;
  /** Of the process running now; changes with a restart. */
  readonly pid: number;
  readonly dir: string;
  readonly confPath: string;
  readonly logPath: string;
  /** One command; gives the reply without the last line break, rejects on an error reply. */
  cli(...args: readonly string[]): Promise<string>;
  log(): string;
  /** SIGSTOP: connections stay open and nobody answers. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL, as in a crash; waits for the end. The folder stays, for `restart`. */
  kill(): Promise<void>;
  /** SIGTERM, after 5 s SIGKILL; waits for the end. The folder stays, for `restart`. */
  stop(): Promise<void>;
  /** Stops where needed and starts again with the configuration file as it is now. */
  restart(): Promise<void>;
  /** Thaws it, or starts it again where it has ended: as it was before a test that froze or killed it. */
  revive(): Promise<void>;
  /** Ends the process and removes its folder. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startServer(options: ServerOptions): Promise<Server> {
  const { engine, auth, sentinel = false } = options;
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), `${engine.name}-`));
  const confPath = join(dir, 'server.conf');
  const logPath = join(dir, 'server.log');
  writeFileSync(confPath, configuration(options, port, dir));
  const start = () =>
    launch({
      file: engine.server,
      args: [confPath, ...(sentinel ? ['--sentinel'] : [])],
      dir,
      logPath,
      port,
    });
  const clear = async () => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  let child = await start().catch(async (error) => {
    await clear();
    throw error;
  });
  const dispose = async () => {
    await end(child, 'SIGKILL');
    await clear();
  };
  return {
    engine,
    port,
    get pid() {
      return child.pid ?? Number.NaN;
    },
    dir,
    confPath,
    logPath,
    cli: (...args) => command(engine, port, args, auth),
    log: () => readFileSync(logPath, 'utf8'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    restart: async () => {
      await end(child, 'SIGTERM');
      child = await start();
    },
    revive: async () => {
      if (hasEnded(child)) child = await start();
      else child.kill('SIGCONT');
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Quick and unsaved unless the test says otherwise; where it listens and writes is not for the test to say. */
function configuration({ directives = [], sentinel }: ServerOptions, port: number, dir: string): string {
  const usual = sentinel ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0'];
  const asked =
    typeof directives === 'string'
      ? [directives]
      : directives.map(([name = '', ...words]) => [name, ...words.map(quoted)].join(' '));
  const ours = [
    'bind 127.0.0.1',
    `port ${port}`,
    'daemonize no',
    'logfile ""',
    'pidfile ""',
    `dir ${quoted(dir)}`,
  ];
  return `${[...usual, ...asked, ...ours].join('\n')}\n`;
}

const quoted = (word: string) => (/^[\w.:/*+-]+$/.test(word) ? word : JSON.stringify(word));

async function command(
  { cli }: Engine,
  port: number,
  args: readonly string[],
  auth?: Credentials,
): Promise<string> {
  // By environment rather than by argument, where every process listing would show it.
  const login = auth ? { REDISCLI_AUTH: auth.password, VALKEYCLI_AUTH: auth.password } : {};
  const user = auth?.username ? ['--user', auth.username] : [];
  const { stdout } = await execute(cli, ['-h', '127.0.0.1', '-p', String(port), '-e', ...user, ...args], {
    env: { ...process.env, ...login },
    timeout: 10_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.replace(/\n$/, '');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './environment.js';
import { RedisError } from './errors.js';
import { type Answer, command } from './testing-command.js';
import type { Leash } from './testing-leash.js';

/** The server program: `given`, `REDIS_SERVER`, or the first one on the PATH. Throws `redis/bad-environment`. */
export function findServer(given: string | undefined, env: Environment): string {
  const named = given ?? env.REDIS_SERVER;
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = folders.flatMap((folder) =>
    ['redis-server', 'valkey-server'].map((name) => join(folder, name)),
  );
  const found = (named ? [named] : onPath).find(isProgram);
  if (found !== undefined) return found;
  const what = named
    ? `'${named}' is no program that can be run`
    : 'There is no redis-server or valkey-server on the PATH';
  throw new RedisError('redis/bad-environment', `${what}: install one, or name it in REDIS_SERVER.`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface ServerPlan {
  readonly program: string;
  /** A folder for files of all servers that are started together. */
  readonly folder: string;
  readonly leash: Leash;
  readonly directives: readonly string[];
  readonly isSentinel?: boolean;
}

const attempts = 5;

/** Starts a server on a free port of the loopback interface. */
export async function startTestServer(plan: ServerPlan): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new TestServer(plan, await freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      // Somebody else took the port meanwhile.
      if (attempt === attempts || !/already in use/i.test(String(error))) throw error;
    }
  }
}

/** One server process. */
export class TestServer {
  readonly port: number;
  readonly #plan: ServerPlan;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #isFrozen = false;

  constructor(plan: ServerPlan, port: number) {
    this.port = port;
    this.#plan = plan;
    this.#folder = join(plan.folder, String(port));
    mkdirSync(this.#folder);
    const own = ['bind 127.0.0.1', `port ${port}`, `dir "${this.#folder}"`, 'daemonize no', 'logfile ""'];
    writeFileSync(this.#file('server.conf'), `${[...plan.directives, ...own].join('\n')}\n`);
  }

  /** Whether it can be asked. */
  get isUp(): boolean {
    return this.#child !== undefined && !this.#isFrozen;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Resolves when it answers; it keeps what it had, and its port. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const log = openSync(this.#file('server.log'), 'w');
    const mode = this.#plan.isSentinel ? ['--sentinel'] : [];
    const child = spawn(this.#plan.program, [this.#file('server.conf'), ...mode], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // A test that forgets to stop it ends all the same, and then so does the server.
    child.unref();
    this.#child = child;
    this.#plan.leash.hold(child);
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    child.once('error', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await until(`port ${this.port} to answer`, async () => {
      if (this.#child !== child) throw new Ended(readFileSync(this.#file('server.log'), 'utf8'));
      return (await this.command('PING')) === 'PONG';
    });
  }

  command(...words: readonly string[]): Promise<Answer> {
    return command(this.port, words);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
    this.#isFrozen = this.#child !== undefined;
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
    this.#isFrozen = false;
  }

  /** As in a crash; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#isFrozen = false;
    if (child === undefined) return;
    child.ref();
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

/** No use in waiting any longer. */
class Ended extends Error {
  constructor(log: string) {
    super(`The server ended:\n${log.slice(-1000)}`);
  }
}

/** Asks again until the answer is yes; errors count as no. Rejects with `redis/deadline` after `withinMs` milliseconds. */
export async function until(what: string, ask: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  let cause: unknown;
  while (performance.now() < end) {
    try {
      if (await ask()) return;
    } catch (error) {
      if (error instanceof Ended) throw error;
      cause = error;
    }
    await sleep(25);
  }
  throw new RedisError('redis/deadline', `Waited ${withinMs} ms for ${what}.`, cause);
}

/** A port with another one free 10000 above it, for the bus of a cluster; below those that systems hand out by themselves. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(10_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

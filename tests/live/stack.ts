import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { isRunning } from '../../src/local/process.ts';
import type { Engine } from '../support/engines.ts';
import { freePort } from '../support/ports.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(repository, 'dist/cli.cjs');

export interface NodeRow {
  readonly name: string;
  readonly role: 'primary' | 'replica' | 'sentinel';
  readonly host: string;
  readonly port: number;
  readonly state: string;
  readonly keys: number;
  readonly follows?: string;
}

export interface Status {
  readonly topology: string;
  readonly ready: boolean;
  readonly nodes: readonly NodeRow[];
  readonly missing: readonly string[];
}

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A stack written, started and examined by the built command, as a user would, on one engine. */
export interface Stack {
  readonly dir: string;
  readonly engine: Engine;
  /** The built command, and what it has in its environment, for a test that ends it before it is done. */
  readonly cli: string;
  readonly env: Readonly<Record<string, string>>;
  command(...words: readonly string[]): Promise<Finished>;
  up(): Promise<void>;
  status(): Promise<Status>;
  down(): Promise<Finished>;
  /** The process that `up` recorded for a node. */
  pid(name: string): number;
  /**
   * Sends a signal to the process that `up` recorded for a node, SIGKILL by default. False where that has ended: process
   * ids come round within minutes, and whoever has it then is somebody else.
   */
  signal(name: string, signal?: NodeJS.Signals): Promise<boolean>;
  /** Runs worker.mjs with the compiled client of the stack and the environment that `up` wrote. */
  work(task: string, ...words: readonly string[]): ReturnType<typeof execa>;
  dispose(): Promise<void>;
}

let count = 0;

/** Writes a stack inside the repository, so that the emitted client finds its packages there. */
export async function createStack(engine: Engine, ...flags: readonly string[]): Promise<Stack> {
  const dir = join(repository, '.cache/live', `${process.pid}-${count++}`, 'shop');
  mkdirSync(dirname(dir), { recursive: true });
  // The tools folder brings Docker Compose for `check`.
  const path = [engine.bin, join(dirname(dirname(engine.bin)), 'tools'), process.env.PATH].join(delimiter);
  const env = { PATH: path, HOME: process.env.HOME ?? '', NO_COLOR: '1' };
  const command = async (...words: readonly string[]): Promise<Finished> => {
    const { exitCode, stdout, stderr } = await execa('node', [cli, ...words], {
      env,
      extendEnv: false,
      reject: false,
    });
    return { code: exitCode ?? -1, out: String(stdout), err: String(stderr) };
  };
  const expectDone = async (...words: readonly string[]): Promise<Finished> => {
    const done = await command(...words);
    if (done.code !== 0) throw new Error(`${words.join(' ')} gave ${done.code}:\n${done.out}${done.err}`);
    return done;
  };
  const line = `${engine.name}:${engine.line}`;
  await expectDone('create', dir, '--yes', '--engine', line, '--port', String(await freePort()), ...flags);
  return {
    dir,
    engine,
    cli,
    env,
    command,
    up: async () => void (await expectDone('up', dir, '--native', '--timeout', '90')),
    status: async () => JSON.parse((await command('status', dir, '--json')).out) as Status,
    down: () => command('down', dir, '--json'),
    pid: (name) => recorded(dir, name).pid,
    signal: async (name, signal = 'SIGKILL') => {
      const node = recorded(dir, name);
      if (!(await isRunning(node))) return false;
      process.kill(node.pid, signal);
      return true;
    },
    work: (task, ...words) =>
      execa(
        'node',
        [
          `--env-file=${dir}/.env`,
          `--env-file=${dir}/.redis-stack/run/env`,
          worker,
          `${dir}/client/dist/index.js`,
          task,
          ...words,
        ],
        {
          env: { PATH: path },
          extendEnv: false,
        },
      ),
    dispose: async () => {
      await command('down', dir, '--delete-data');
      rmSync(dirname(dir), { recursive: true, force: true });
    },
  };
}

const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url));

function recorded(dir: string, name: string) {
  const record = JSON.parse(readFileSync(`${dir}/.redis-stack/run/native.json`, 'utf8')) as {
    nodes: { name: string; pid: number; identity: string }[];
  };
  const node = record.nodes.find((n) => n.name === name);
  if (!node) throw new Error(`no node ${name} in the record`);
  return node;
}

/** Makes the emitted client fit to run. That the compiler takes each shape of it is for tests/client-files.test.ts. */
export async function compileClient(dir: string): Promise<void> {
  const folder = `${dir}/client`;
  const files = readdirSync(`${folder}/src`, { recursive: true, encoding: 'utf8' });
  await build({
    absWorkingDir: folder,
    entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => `src/${file}`),
    outdir: 'dist',
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
}

import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { inject } from 'vitest';
import type { Finished, Status } from '../live/stack.ts';
import { engines } from '../support/engines.ts';
import { freeBase } from '../support/ports.ts';
import { until } from '../support/until.ts';

export { compileClient, type Finished, type NodeRow, type Status } from '../live/stack.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
export const cli = join(repository, 'dist/cli.cjs');
const worker = join(repository, 'tests/live/worker.mjs');

/** An image of a server, by its public name. */
export interface Image {
  readonly name: 'redis' | 'valkey';
  readonly line: string;
  readonly withoutTls?: true;
}

/** Those that the suite brings, oldest line first: see tests/engines/images.mjs. */
export function images(): readonly Image[] {
  return engines().filter(({ from, base = from }) => ['bookworm', 'trixie', 'sid'].includes(base));
}

export function newestImage(name: Image['name'], { withTls = false } = {}): Image {
  const found = images().findLast((one) => one.name === name && !(withTls && one.withoutTls));
  if (!found) throw new Error(`no image of ${name}; see tests/engines/images.mjs`);
  return found;
}

/** A stack written and run in Compose by the built command, as a user would. */
export interface DockerStack {
  readonly dir: string;
  readonly name: string;
  /** The network of its containers. */
  readonly network: string;
  command(...words: readonly string[]): Promise<Finished>;
  /** Starts it in Compose; rejects with what was on the screen when that fails. */
  up(...words: readonly string[]): Promise<Finished>;
  status(): Promise<Status>;
  down(...words: readonly string[]): Promise<Finished>;
  /** Runs worker.mjs with the compiled client on this machine. */
  work(task: string, ...words: readonly string[]): ReturnType<typeof execa>;
  /** Runs worker.mjs with the compiled client in a container of the stack's network. */
  workInside(task: string, ...words: readonly string[]): ReturnType<typeof execa>;
  /** Runs the `docker` program; gives what it says. */
  docker(...words: readonly string[]): Promise<string>;
  container(node: string): string;
  dispose(): Promise<void>;
}

/** What a command of this suite needs to find the engine and Compose, wherever they come from. */
export function dockerEnvironment(): Record<string, string> {
  const [first] = engines();
  const tools = join(dirname(dirname(first?.bin ?? '')), 'tools');
  const path = [tools, process.env.PATH].join(delimiter);
  return { PATH: path, HOME: process.env.HOME ?? '', NO_COLOR: '1', ...inject('docker') };
}

export async function command(
  words: readonly string[],
  env: Record<string, string> = {},
  cwd = repository,
): Promise<Finished> {
  const { exitCode, stdout, stderr } = await execa('node', [cli, ...words], {
    env: { ...dockerEnvironment(), ...env },
    extendEnv: false,
    reject: false,
    cwd,
  });
  return { code: exitCode ?? -1, out: String(stdout), err: String(stderr) };
}

async function expectDone(words: readonly string[]): Promise<Finished> {
  const done = await command(words);
  if (done.code !== 0) throw new Error(`${words.join(' ')} gave ${done.code}:\n${done.out}${done.err}`);
  return done;
}

let count = 0;

/** A subnet of a private range that nobody else uses here. */
const anySubnet = () => `10.${200 + randomInt(50)}.${randomInt(256)}.0/24`;

/** Writes a stack inside the repository, so that the emitted client finds its packages there. Nothing is started. */
export async function createStack(image: Image, ...flags: readonly string[]): Promise<DockerStack> {
  const name = `t-${randomBytes(4).toString('hex')}`;
  const dir = join(repository, '.cache/docker-stacks', `${process.pid}-${count++}`, name);
  mkdirSync(dirname(dir), { recursive: true });
  const engine = ['--engine', `${image.name}:${image.line}`];
  const place = ['--port', String(await freeBase()), '--set', `network.subnet=${anySubnet()}`];
  await expectDone(['create', dir, '--yes', ...engine, ...place, ...flags]);
  const env = dockerEnvironment();
  const docker = async (...words: readonly string[]) =>
    String((await execa('docker', [...words], { env, extendEnv: false })).stdout);
  const settings = [`--env-file=${dir}/.env`, `--env-file=${dir}/.redis-stack/run/env`];
  const network = `${name}_stack`;
  return {
    dir,
    name,
    network,
    docker,
    command: (...words) => command(words),
    up: (...words) => expectDone(['up', dir, '--compose', '--timeout', '90', ...words]),
    status: async () => JSON.parse((await command(['status', dir, '--json'])).out) as Status,
    down: (...words) => command(['down', dir, '--json', ...words]),
    work: (task, ...words) =>
      execa('node', [...settings, worker, `${dir}/client/dist/index.js`, task, ...words], {
        env: { PATH: env.PATH },
        extendEnv: false,
      }),
    workInside: (task, ...words) => {
      const inside = [worker, `${dir}/client/dist/index.js`, task, ...words];
      return execa(
        'docker',
        ['run', '--rm', '-i', ...node(), ...within(dir, network, image), ...runNode, ...inside],
        {
          env,
          extendEnv: false,
        },
      );
    },
    container: (node) => `${name}-${node}-1`,
    dispose: async () => {
      await command(['down', dir, '--delete-data']);
      rmSync(dirname(dir), { recursive: true, force: true });
      await until('nothing is left of the stack', async () => {
        const label = `label=com.docker.compose.project=${name}`;
        const left = await Promise.all([
          docker('ps', '-aq', '--filter', label),
          docker('volume', 'ls', '-q', '--filter', label),
          docker('network', 'ls', '-q', '--filter', label),
        ]);
        return left.every((one) => one.trim() === '');
      });
    },
  };
}

const LIBRARIES = '/node/lib';
const LOADER = `${LIBRARIES}/ld.so`;
const runNode = ['--library-path', LIBRARIES, '/node/node'];

/** This machine's node with its libraries, for an image that has none of them. */
function node(): readonly string[] {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  const files = sharedObjects.filter((file) => file.startsWith('/') && /\.so(\.|$)/.test(file));
  const mounts = files.map((file) => {
    const name = /\/ld-(linux|musl)[^/]*$/.test(file) ? 'ld.so' : file.slice(file.lastIndexOf('/') + 1);
    return `${realpathSync(file)}:${LIBRARIES}/${name}:ro`;
  });
  return [...mounts, `${process.execPath}:/node/node:ro`].flatMap((mount) => ['--volume', mount]);
}

/** An application beside the stack: the same network, the repository for its packages, the names of the nodes. */
function within(dir: string, network: string, { name, line }: Image): readonly string[] {
  const image = `${name === 'redis' ? 'redis' : 'valkey/valkey'}:${line}`;
  return [
    ...['--network', network, '--volume', `${repository}:${repository}:ro`],
    ...['--env-file', `${dir}/.env`, '--env', 'REDIS_VIEW=network', '--entrypoint', LOADER, image],
  ];
}

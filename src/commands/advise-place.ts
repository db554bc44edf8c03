import { engineAtHand } from '../advise/index.ts';
import { askServer, type ServerFacts } from '../advise/server.ts';
import { FAMILIES, newestUpTo, resolveEngine } from '../engines/releases.ts';
import type { EngineName } from '../engines/types.ts';
import { credentialsOf } from '../local/credentials.ts';
import { findRunning } from '../local/running.ts';
import { dataNodes } from '../model/build.ts';
import type { Address } from '../model/types.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { place } from '../redis/ask.ts';
import { type Connection, type Credentials, openConnection } from '../redis/connection.ts';
import { shortAssignments } from '../spec/flags.ts';
import type { StackSpec } from '../spec/types.ts';
import type { Ground } from '../structures/index.ts';
import type { System } from '../system.ts';
import { isUrl, serverArgument } from './server-argument.ts';
import { openStack } from './stack.ts';
import type { TrustArguments } from './trust.ts';

export interface PlaceArguments extends TrustArguments {
  readonly target: string | undefined;
  readonly engine: string | undefined;
}

/** What the advice is for. */
export interface Meant {
  readonly ground: Ground;
  /** A server that answers. */
  readonly server:
    | { readonly connection: Connection; readonly facts: ServerFacts; readonly at: string }
    | undefined;
  /** Why no server of a stack is asked; undefined where one is, or where no stack was given. */
  readonly unasked?: string;
  /** The stack whose folder was given. */
  readonly stack: { readonly dir: string; readonly spec: StackSpec } | undefined;
}

const ANSWER_MS = 10_000;

/** A URL is a server of anybody's, anything else the folder of a stack; without either it is an engine. */
export async function meant(system: System, args: PlaceArguments): Promise<Meant> {
  if (args.target === undefined)
    return { ground: await groundOf(system, args), server: undefined, stack: undefined };
  if (isUrl(args.target)) return foreign(system, args, args.target);
  return own(system, args.target);
}

async function groundOf(system: System, { engine }: PlaceArguments): Promise<Ground> {
  if (engine !== undefined) return groundNamed(engine);
  for (const name of ['redis', 'valkey'] as const) {
    const found = await engineAtHand(system, name);
    if (found) return { name, title: FAMILIES[name].title, version: found.line, has: undefined };
  }
  return groundNamed('redis');
}

/** `valkey:8.1`, or the engine alone for its usual release. */
function groundNamed(engine: string): Ground {
  const words = shortAssignments('engine', engine).map(({ text }) => text);
  const [name = '', version] = words;
  const family = Object.entries(FAMILIES).find(([known]) => known === name)?.[1];
  if (family === undefined)
    throw new ProblemError(
      problem(
        'advise/unknown-engine',
        '--engine',
        `There is no engine '${name.slice(0, 60)}'.`,
        'Write redis or valkey, with a release line if you like: valkey:8.1.',
      ),
    );
  const resolved = expectValue(resolveEngine(name as EngineName, version ?? family.defaultLine));
  return { name: resolved.name, title: resolved.title, version: resolved.version, has: undefined };
}

async function foreign(system: System, args: PlaceArguments, target: string): Promise<Meant> {
  const { at, credentials } = serverArgument(system, { ...args, target }, 'advise');
  const server = await answering(at, credentials);
  return { ground: server.facts.ground, server, stack: undefined };
}

async function answering(address: Address, credentials: Credentials): Promise<NonNullable<Meant['server']>> {
  const at = place(address);
  try {
    const connection = await openConnection(address, credentials, ANSWER_MS);
    return { connection, facts: await askServer(connection, at), at };
  } catch (error) {
    throw new ProblemError(
      problem(
        'advise/no-answer',
        at,
        `It does not answer: ${(error as Error).message}.`,
        'Check the address, the user, REDISCLI_AUTH, and rediss:// with --ca where it speaks TLS.',
      ),
    );
  }
}

async function own(system: System, dir: string): Promise<Meant> {
  const { root, model } = openStack(system, dir);
  const { name, title, version } = model.engine;
  const stack = { dir, spec: model.spec };
  const ground = { name, title, version: newestUpTo(name, version), has: undefined };
  const running = await findRunning(system, root, model);
  if (!running) return { ground, server: undefined, unasked: notRunningWords(dir), stack };
  const credentials = credentialsOf(system.files, root, 'app', model);
  for (const { ip: host, port } of dataNodes(running.placed.nodes)) {
    const server = await answering({ host, port }, credentials).catch(() => undefined);
    if (server?.facts.info.role === 'master') return { ground: server.facts.ground, server, stack };
    server?.connection.close();
  }
  const unasked = `No primary of this stack answers; ${commandFor('status', dir)} shows each node`;
  return { ground, server: undefined, unasked, stack };
}

const notRunningWords = (dir: string): string =>
  `Nothing of this stack runs here; ${commandFor('up', dir)} starts it`;

const commandFor = (name: string, dir: string): string =>
  `create-redis-stack ${name}${dir === '.' ? '' : ` ${dir}`}`;

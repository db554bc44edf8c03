import { totalmem } from 'node:os';
import type { Target } from '../doctor/look/index.ts';
import { readConf } from '../engines/conf-lines.ts';
import { credentialsOf } from '../local/credentials.ts';
import { findRunning, type RunningStack } from '../local/running.ts';
import { dataNodes } from '../model/build.ts';
import type { StackModel, StackNode } from '../model/types.ts';
import { suggestion } from '../nearest.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import { isUrl, serverArgument } from './server-argument.ts';
import { openStack } from './stack.ts';
import type { TrustArguments } from './trust.ts';

export interface SubjectArguments extends TrustArguments {
  readonly target: string;
  readonly spec: boolean;
  readonly as: string;
  readonly sentinelUser: string | undefined;
}

/** Servers to look at, or a model of which nothing runs here. */
export type Subject =
  | {
      readonly kind: 'servers';
      readonly target: Target;
      /** How a stack of ours runs; undefined for servers of anybody's. */
      readonly way: RunningStack['kind'] | undefined;
    }
  | { readonly kind: 'spec'; readonly model: StackModel };

/** What the user means: a URL is a server of anybody's, anything else the folder of a stack. */
export async function subjectOf(system: System, args: SubjectArguments): Promise<Subject> {
  if (isUrl(args.target)) return { kind: 'servers', target: foreign(system, args), way: undefined };
  const { root, model } = openStack(system, args.target);
  const running = args.spec ? undefined : await findRunning(system, root, model);
  if (!running) return { kind: 'spec', model };
  expectUser(model, args.as);
  return { kind: 'servers', target: own(system, root, { model, running, args }), way: running.kind };
}

function foreign(system: System, args: SubjectArguments): Target {
  const { at, credentials, shown } = serverArgument(system, args, 'doctor');
  const password = system.env.REDIS_SENTINEL_PASSWORD ?? '';
  const differs = args.sentinelUser !== undefined || password !== '';
  const sentinelCredentials = { ...credentials, username: args.sentinelUser ?? 'default', password };
  return { asked: shown, addresses: [at], credentials, ...(differs ? { sentinelCredentials } : {}) };
}

interface Own {
  readonly model: StackModel;
  readonly running: RunningStack;
  readonly args: SubjectArguments;
}

function own(system: System, root: string, { model, running, args }: Own): Target {
  const { placed, kind } = running;
  const inCompose = kind === 'compose';
  return {
    asked: args.target,
    addresses: [...dataNodes(placed.nodes), ...placed.nodes].map(dialled),
    credentials: credentialsOf(system.files, root, args.as, model),
    model: asFiles(placed, system.files.read(inside(root, 'conf/redis.conf'))),
    placed: placed.nodes.map((node) => ({
      name: node.name,
      dial: dialled(node),
      announced: announced(
        node,
        model.nodes.find(({ name }) => name === node.name),
      ),
    })),
    machine: {
      limitBytes: inCompose ? model.memory.limitBytes : totalmem(),
      limitIs: inCompose ? 'container' : 'machine',
    },
  };
}

/** What servers should be stands in the file that they read, in which a user may have changed and added lines. */
function asFiles(model: StackModel, conf: string | undefined): StackModel {
  if (conf === undefined) return model;
  const directives = readConf(conf).map(({ name, args }) => ({
    section: '',
    why: '',
    ...model.directives.find((one) => one.name === name),
    name,
    args,
  }));
  return { ...model, directives };
}

const dialled = ({ ip: host, port }: StackNode) => ({ host, port });

/** Natively a node is known as this machine reaches it; in containers by its own address or its name. */
function announced(placed: StackNode, inNetwork: StackNode | undefined) {
  const hosts = [placed.ip, inNetwork?.ip, inNetwork?.hostname, inNetwork?.name];
  const known = [...new Set(hosts.filter((host) => host !== undefined))];
  return known.map((host) => ({ host, port: host === placed.ip ? placed.port : (inNetwork?.port ?? 0) }));
}

function expectUser({ users }: StackModel, name: string): void {
  const known = users.map((user) => user.name);
  if (known.includes(name)) return;
  throw new ProblemError(
    problem('doctor/unknown-user', '--as', `There is no user '${name}'.`, suggestion(name, known)),
  );
}

import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { joinEnvironment, nodeEnvironment } from '../model/environment.ts';
import type { StackModel, StackNode } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Files } from '../system.ts';
import { CA_CERTIFICATE, inside, pairPaths, SECRETS } from '../workspace/paths.ts';
import type { FoundEngine } from './engine.ts';
import { isFree } from './ports.ts';
import { identify, isRunning, launch } from './process.ts';
import { nodeFolder, type RunningNode, writeRecord } from './record.ts';

export interface StartContext {
  readonly files: Files;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly engine: FoundEngine;
  /** Seconds that a node that comes back waits for its Sentinels. */
  readonly waitSeconds: number;
  /** Where the configuration and the scripts are, when that is not `conf`. */
  readonly conf?: string;
  /** Variables for the scripts beside those that a node always gets. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Starts those of the wanted nodes that do not run. The record is written after each start, so that `down` knows of every process
 * even when this one is killed half way.
 */
export async function startNodes(
  ctx: StartContext,
  placed: StackModel,
  wanted: readonly StackNode[],
  before: readonly RunningNode[],
): Promise<readonly RunningNode[]> {
  const nodes = new Map(before.map((node) => [node.name, node]));
  for (const node of wanted) {
    const known = nodes.get(node.name);
    if (known && (await isRunning(known))) continue;
    await expectPortFree(node);
    nodes.set(node.name, await startNode(ctx, placed, node));
    writeRecord(ctx.files, ctx.root, [...nodes.values()]);
  }
  return [...nodes.values()];
}

async function startNode(ctx: StartContext, model: StackModel, node: StackNode): Promise<RunningNode> {
  const folder = nodeFolder(ctx.root, node.name);
  ctx.files.makeDirectory(`${folder}/data`, 0o700);
  const pid = await launch({
    file: 'sh',
    args: [inside(ctx.root, `${ctx.conf ?? 'conf'}/scripts/start-node.sh`)],
    cwd: folder,
    log: `${folder}/log`,
    env: scriptEnvironment(ctx, model, node),
  });
  const identity = await identify(pid);
  const { name, role, port, busPort } = node;
  return {
    name,
    role,
    port,
    pid,
    identity: identity ?? 'gone',
    ...(busPort === undefined ? {} : { busPort }),
  };
}

/** What the scripts of a node are told when it runs as a plain process. */
export function scriptEnvironment(
  ctx: StartContext,
  model: StackModel,
  node: StackNode,
): Readonly<Record<string, string | undefined>> {
  return {
    ...inherited(ctx),
    ...nodeEnvironment(model, node),
    ...folders(ctx.root, nodeFolder(ctx.root, node.name)),
    ...(model.spec.security.tls ? certificatePaths(ctx.root, node.name) : {}),
    STACK_BIND: '127.0.0.1',
    STACK_WAIT: String(ctx.waitSeconds),
    ...ctx.more,
  };
}

/** Where the scripts find the certificates of a node on this machine. */
function certificatePaths(root: string, node: string) {
  const { certificate, key } = pairPaths(node);
  return { ...trustPath(root), STACK_TLS_CERT: inside(root, certificate), STACK_TLS_KEY: inside(root, key) };
}

const trustPath = (root: string) => ({ STACK_TLS_CA: inside(root, CA_CERTIFICATE) });

function folders(root: string, folder: string) {
  return { STACK_RUN: `${folder}/conf`, STACK_DATA: `${folder}/data`, STACK_SECRETS: inside(root, SECRETS) };
}

/** Nothing of the caller's environment but what a program needs to run: secrets in it are none of a server's business. */
function inherited({ env }: StartContext) {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(kept.filter((key) => env[key] !== undefined).map((key) => [key, env[key]]));
}

async function expectPortFree(node: StackNode): Promise<void> {
  for (const port of [node.port, ...(node.busPort ? [node.busPort] : [])]) {
    // A server that just ended may hold its port for a moment.
    for (let attempt = 0; attempt < 20 && !(await isFree(port)); attempt++) await sleep(100);
    if (!(await isFree(port))) {
      throw new ProblemError(
        problem(
          'local/port-taken',
          `${node.name}, port ${port}`,
          'Another program listens on the port that this node had.',
          'End that program and run `up` again.',
        ),
      );
    }
  }
}

/** Joins the nodes of a cluster with the script that the containers use; on a cluster that exists it only heals. */
export async function joinNodes(
  ctx: StartContext,
  placed: StackModel,
  timeoutSeconds: number,
): Promise<void> {
  const result = await execa('sh', [inside(ctx.root, 'conf/scripts/form-cluster.sh')], {
    cwd: ctx.root,
    env: {
      ...inherited(ctx),
      ...joinEnvironment(placed),
      ...(placed.spec.security.tls ? trustPath(ctx.root) : {}),
      STACK_SECRETS: inside(ctx.root, SECRETS),
      STACK_WAIT: String(timeoutSeconds),
    },
    extendEnv: false,
    reject: false,
    timeout: timeoutSeconds * 4000,
  });
  if (result.exitCode === 0) return;
  const said = String(result.stderr).trim().split('\n').slice(-3).join(' / ') || 'no answer in time';
  throw new ProblemError(
    problem(
      'local/not-joined',
      'the cluster',
      said,
      'Look at the logs under .redis-stack/run/, then run `up` again.',
    ),
  );
}

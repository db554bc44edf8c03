import type { StackModel } from '../../model/types.ts';
import { type Problem, ProblemError, problem } from '../../problem.ts';
import type { System } from '../../system.ts';
import { takeLock } from '../../workspace/lock.ts';
import { hasVolumes } from '../compose/marker.ts';
import { credentialsOf } from '../credentials.ts';
import { findEngine } from '../engine.ts';
import { observe } from '../observe.ts';
import { placeOnLoopback } from '../place.ts';
import { isRunning } from '../process.ts';
import { nodeFolder, type RunningNode, readRecord } from '../record.ts';
import { restartNode } from './restart.ts';
import { giveSettings } from './settings.ts';
import { survey } from './survey.ts';
import type { LiveContext, NodeWork } from './types.ts';

export type { NodeWork } from './types.ts';

export interface LiveOptions {
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly onProgress: (text: string) => void;
}

/** What was done to a running stack, or would be. */
export interface LiveResult {
  /** Every running node, with what it needed; replicas first. */
  readonly work: readonly NodeWork[];
  readonly configured: readonly string[];
  readonly restarted: readonly string[];
  /** Nodes that need what is not done to them, and why. */
  readonly left: readonly { readonly node: string; readonly why: string }[];
  /** Where it stopped; nodes after it were not touched. */
  readonly failed: Problem | undefined;
}

/** Brings the running nodes to what their files say: what can be set is set, the rest is restarted one by one. */
export async function applyLive(
  system: System,
  root: string,
  model: StackModel,
  options: LiveOptions,
): Promise<LiveResult> {
  const record = await runningNodes(system, root);
  const release = takeLock(system.files, root);
  try {
    const ctx = await contextOf(system, root, model, record, options);
    const observed = await observe({ model: ctx.placed, credentials: ctx.credentials });
    if (observed.missing.length > 0) throw new ProblemError(notHealthy(observed.missing));
    const work = await survey(ctx, record, observed.nodes);
    const nothing = { work, configured: [], restarted: [], left: [], failed: undefined };
    return options.dryRun ? nothing : await carryOut(ctx, work);
  } finally {
    release();
  }
}

async function runningNodes(system: System, root: string): Promise<readonly RunningNode[]> {
  const record = readRecord(system.files, root) ?? [];
  const alive = await Promise.all(record.map(isRunning));
  if (alive.some(Boolean)) return record;
  if (hasVolumes(system.files, root)) throw new ProblemError(inCompose());
  throw new ProblemError(
    problem(
      'live/not-running',
      '--live',
      'Nothing of this stack runs here.',
      'Start it with `up --native`; it takes the files as they are.',
    ),
  );
}

function inCompose(): Problem {
  return problem(
    'live/in-compose',
    '--live',
    'This stack runs in Compose; --live is for plain processes.',
    'Run `update` without it, then `up`: nodes whose files have changed are restarted one by one, each primary after it has handed over.',
  );
}

async function contextOf(
  system: System,
  root: string,
  model: StackModel,
  record: readonly RunningNode[],
  { timeoutSeconds, onProgress }: LiveOptions,
): Promise<LiveContext> {
  const { files, env } = system;
  if (isOtherTopology(record, model)) throw new ProblemError(otherTopology());
  if (record.some((node) => speaksOther(files, root, node, model))) throw new ProblemError(otherEncryption());
  const places = new Map(record.map((node) => [node.name, node]));
  const present = { ...model, nodes: model.nodes.filter((node) => places.has(node.name)) };
  const moved = new Set(record.map((n) => n.name)).size !== present.nodes.length;
  if (moved) throw new ProblemError(otherNodes(record, model));
  return {
    files,
    root,
    placed: placeOnLoopback(present, places),
    credentials: credentialsOf(files, root, 'admin', model),
    start: { files, root, env, engine: await findEngine(model.engine, env), waitSeconds: timeoutSeconds },
    timeoutSeconds,
    onProgress,
  };
}

async function carryOut(ctx: LiveContext, work: readonly NodeWork[]): Promise<LiveResult> {
  const configured: string[] = [];
  const restarted: string[] = [];
  const left: { node: string; why: string }[] = [];
  const result = { work, configured, restarted, left };
  let at = '';
  try {
    for (const one of work) {
      at = one.node.name;
      if (one.settings.length === 0 && !one.users) continue;
      ctx.onProgress(`setting ${at}`);
      await giveSettings(ctx, one);
      configured.push(at);
    }
    for (const one of work.filter((w) => w.restart.length > 0)) {
      at = one.node.name;
      if (losesData(ctx, one))
        left.push({ node: at, why: 'it keeps nothing over a restart, and no replica has its data' });
      else {
        await restartNode(ctx, one);
        restarted.push(at);
      }
    }
    return { ...result, failed: undefined };
  } catch (error) {
    return { ...result, failed: stoppedAt(at, error) };
  }
}

/** A restart of a node that writes no files and has no replica would empty it. */
function losesData({ placed }: LiveContext, { node }: NodeWork): boolean {
  return !placed.persistent && !placed.nodes.some((n) => n.shard === node.shard && n !== node);
}

function stoppedAt(node: string, error: unknown): Problem {
  const said = error instanceof ProblemError ? (error.problems[0]?.message ?? '') : (error as Error).message;
  return problem(
    'live/stopped',
    node,
    `${said}.`.replace(/\.\.$/, '.'),
    'Nodes after it were not touched. Mend what it says (`status`, the logs under .redis-stack/run/), then run `update --live` again: it goes on where it stopped.',
  );
}

function notHealthy(missing: readonly string[]): Problem {
  return problem(
    'live/not-healthy',
    '--live',
    `The stack is not healthy: it waits until ${missing.join('; ')}. No server was touched.`,
    'Bring it up first (`up --native`), then run `update --live` again.',
  );
}

/** Sentinels and slots come and go with the topology alone. */
function isOtherTopology(record: readonly RunningNode[], model: StackModel): boolean {
  const watched = record.some((node) => node.role === 'sentinel');
  const joined = record.some((node) => node.busPort !== undefined);
  return watched !== (model.sentinel !== undefined) || joined !== model.joins;
}

/** Whether a node was started with TLS is told by the configuration that it took. */
function speaksOther(files: System['files'], root: string, node: RunningNode, model: StackModel): boolean {
  const taken = files.read(`${nodeFolder(root, node.name)}/conf/shared.conf`);
  return taken !== undefined && /^tls-replication\s+yes/m.test(taken) !== model.spec.security.tls;
}

function otherEncryption(): Problem {
  return problem(
    'live/other-encryption',
    '--live',
    'The nodes run with TLS and the files are without it, or the other way round; one by one they would not understand each other. No server was touched.',
    'Run `down`, then `up`: an outage of some seconds.',
  );
}

function otherTopology(): Problem {
  return problem(
    'live/other-topology',
    '--live',
    'Another topology runs here than the files describe; settings alone do not make it one. No server was touched.',
    'Run `migrate`: it carries the data over while the stack runs. Or take the change of topology back and update again.',
  );
}

function otherNodes(record: readonly RunningNode[], model: StackModel): Problem {
  const names = new Set(model.nodes.map((node) => node.name));
  const gone = record.filter((node) => !names.has(node.name)).map((node) => node.name);
  return problem(
    'live/other-nodes',
    '--live',
    `${gone.join(', ')} ${gone.length === 1 ? 'runs and is' : 'run and are'} no longer part of the stack: their data has to move first. No server was touched.`,
    'Run `migrate`: it carries the data over while the stack runs. Or take the change of topology back and update again.',
  );
}

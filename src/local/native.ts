import { dataNodes } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import type { Files, System } from '../system.ts';
import { CA_CERTIFICATE, inside, RUN, SECRETS } from '../workspace/paths.ts';
import { credentialsOf } from './credentials.ts';
import { findEngine } from './engine.ts';
import type { Observed } from './observe.ts';
import { type Place, placeOnLoopback } from './place.ts';
import { choosePort } from './ports.ts';
import { isRunning } from './process.ts';
import { nodeFolder, type RunningNode, readRecord } from './record.ts';
import { joinNodes, type StartContext, startNodes } from './start.ts';
import { waitUntilReady } from './wait.ts';

export interface UpResult {
  readonly placed: StackModel;
  readonly observed: Observed;
  readonly started: number;
  /** What could not be started and is not needed for the stack to serve. */
  readonly warnings: readonly Problem[];
}

export interface UpOptions {
  readonly timeoutSeconds: number;
  readonly onProgress: (text: string) => void;
}

/** Starts what does not run of the stack as plain processes, joins it, and waits until it is truly ready. */
export async function upNative(
  system: System,
  root: string,
  model: StackModel,
  options: UpOptions,
): Promise<UpResult> {
  const { files, env } = system;
  const engine = await findEngine(model.engine, env);
  const before = readRecord(files, root) ?? [];
  await expectSameNodes(model, before);
  const placed = placeOnLoopback(model, await choosePlaces(model, before));
  const running = (await Promise.all(before.map(isRunning))).filter(Boolean).length;
  const ctx: StartContext = { files, root, env, engine, waitSeconds: options.timeoutSeconds };
  options.onProgress(`starting ${placed.nodes.length} nodes`);
  writeClientEnv(files, root, placed);
  const waiting = { files, root, ...options };
  if (before.length === 0 && placed.sentinel) await startDataFirst(ctx, placed, waiting);
  const nodes = await startNodes(ctx, placed, placed.nodes, readRecord(files, root) ?? []);
  if (placed.joins) {
    options.onProgress('joining the nodes');
    await joinNodes(ctx, placed, options.timeoutSeconds);
  }
  const observed = await untilReady({ ...waiting, placed, nodes });
  return { placed, observed, started: placed.nodes.length - running, warnings: [] };
}

/** Nodes that run and are no longer in the files have data that others lack: beside empty new ones it would be two stacks. */
async function expectSameNodes(model: StackModel, before: readonly RunningNode[]): Promise<void> {
  const known = new Set(model.nodes.map(({ name }) => name));
  const others: string[] = [];
  for (const node of before) if (!known.has(node.name) && (await isRunning(node))) others.push(node.name);
  if (others.length === 0) return;
  const isOne = others.length === 1;
  throw new ProblemError(
    problem(
      'local/other-nodes',
      others.join(', '),
      `${isOne ? 'It runs and is' : 'They run and are'} no longer part of the stack; ${isOne ? 'its' : 'their'} data is not in the new nodes.`,
      'Run `migrate`: it carries the data over. Or take the change of topology back and update again; or run `down`, then `up`, to begin anew.',
    ),
  );
}

/**
 * At the very first start the Sentinels come last: one that sees the primary before its replicas asks again only after
 * ten seconds. At any later start the data nodes need the Sentinels to tell them who is primary.
 */
async function startDataFirst(
  ctx: StartContext,
  placed: StackModel,
  waiting: Omit<Waiting, 'placed' | 'nodes'>,
): Promise<void> {
  const alone: StackModel = { ...placed, nodes: dataNodes(placed.nodes) };
  const nodes = await startNodes(ctx, placed, alone.nodes, []);
  await untilReady({ ...waiting, placed: alone, nodes });
}

/** The ports of the last time, so that nodes find each other again; at first those of the model where they are free. */
async function choosePlaces(
  model: StackModel,
  before: readonly RunningNode[],
): Promise<ReadonlyMap<string, Place>> {
  const known = new Map(before.map((node) => [node.name, node]));
  const taken = new Set(before.flatMap((node) => [node.port, node.busPort ?? node.port]));
  const places = new Map<string, Place>();
  for (const node of model.nodes) {
    const last = known.get(node.name);
    const port = last?.port ?? (await choosePort(node.port, taken));
    taken.add(port);
    const busPort =
      node.busPort === undefined ? undefined : (last?.busPort ?? (await choosePort(node.busPort, taken)));
    if (busPort !== undefined) taken.add(busPort);
    places.set(node.name, { port, busPort });
  }
  return places;
}

/** What an application needs besides `.env` to find the native nodes. */
export function writeClientEnv(files: Files, root: string, placed: StackModel): void {
  const entries = placed.nodes.filter((node) => (placed.sentinel ? node.role === 'sentinel' : true));
  const addresses = entries.map((node) => `${node.ip}:${node.port}`).join(',');
  const trusted = placed.spec.security.tls ? `REDIS_TLS_CA=${inside(root, CA_CERTIFICATE)}\n` : '';
  const login = `REDIS_PASSWORD_FILE=${inside(root, `${SECRETS}/app`)}\n`;
  files.write(inside(root, `${RUN}/env`), `REDIS_ADDRESSES=${addresses}\n${login}${trusted}`, 0o600);
}

interface Waiting extends UpOptions {
  readonly files: Files;
  readonly root: string;
  readonly placed: StackModel;
  readonly nodes: readonly RunningNode[];
}

function untilReady(w: Waiting): Promise<Observed> {
  return waitUntilReady({
    model: w.placed,
    credentials: credentialsOf(w.files, w.root, 'admin', w.placed),
    timeoutSeconds: w.timeoutSeconds,
    onProgress: w.onProgress,
    expectAlive: () => expectAlive(w),
    tooLate: async (missing) => new ProblemError(notReady(w, missing)),
  });
}

async function expectAlive({ files, root, nodes }: Waiting): Promise<void> {
  for (const node of nodes) {
    if (await isRunning(node)) continue;
    const log = files.read(`${nodeFolder(root, node.name)}/log`) ?? '';
    const detail = log.trimEnd().split('\n').slice(-8);
    const ended = problem(
      'local/node-ended',
      node.name,
      'It ended while starting. The end of its log:',
      'Mend what the log says, then run `up` again; `down` ends the other nodes.',
    );
    throw new ProblemError({ ...ended, detail });
  }
}

function notReady({ timeoutSeconds }: Waiting, missing: readonly string[]) {
  return problem(
    'local/not-ready',
    'the stack',
    `After ${timeoutSeconds} s it still waits until ${missing.join('; ')}.`,
    'Look at `status` and at the logs under .redis-stack/run/, or give --timeout more seconds.',
  );
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Pair, readCertificate, validityAt } from '../../certificates/inspect.ts';
import type { CertificateTexts } from '../../certificates/plan.ts';
import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackModel, StackNode } from '../../model/types.ts';
import { ProblemError, problem } from '../../problem.ts';
import { type Credentials, withConnection } from '../../redis/connection.ts';
import { servedSerial } from '../../redis/handshake.ts';
import { parsePairs } from '../../redis/replies.ts';
import type { System } from '../../system.ts';
import { readCertificateTexts } from '../../workspace/certificates.ts';
import { CA_CERTIFICATE, CA_KEY, pairPaths } from '../../workspace/paths.ts';
import { credentialsOf } from '../credentials.ts';
import { observe } from '../observe.ts';
import type { RunningStack } from '../running.ts';
import { finishRenewal, writePair } from './pairs.ts';

export interface RenewOptions {
  readonly timeoutSeconds: number;
  readonly onProgress: (text: string) => void;
  readonly now?: Date;
}

/** A node with its new certificate, and what it took until it showed it. */
export interface Renewed {
  readonly node: string;
  readonly serial: string;
  readonly validTo: string;
  /** `at-next-start`: the node does not run. */
  readonly how: 'reloaded' | 'restarted' | 'at-next-start';
}

/**
 * Gives every node a new certificate and key from the stack's authority. Data nodes read them without a restart and keep
 * their connections; Sentinels, which cannot, are restarted one by one. Each is asked for what it shows. Rejects with
 * `tls/not-renewed` at the first node that does not come to it, and with what is wrong with the authority. The caller
 * holds the lock of the stack.
 */
export async function renewCertificates(
  { files, randomBytes }: Pick<System, 'files' | 'randomBytes'>,
  root: string,
  model: StackModel,
  running: RunningStack | undefined,
  { timeoutSeconds, onProgress, now = new Date() }: RenewOptions,
): Promise<readonly Renewed[]> {
  finishRenewal(files, root, model.nodes);
  const { issueAll } = await import('../../certificates/index.ts');
  const before = readCertificateTexts(files, root, model);
  const pairs = await issueAll(model, before, { now, randomBytes });
  onProgress('writing the new certificates');
  for (const [node, pair] of pairs) writePair(files, root, node, pair);
  if (!running) return model.nodes.map((node) => renewed(node, pairs, 'at-next-start'));
  const credentials = credentialsOf(files, root, 'admin', model);
  const ctx: RenewContext = { running, credentials, pairs, before, now, timeoutSeconds, onProgress };
  const done: Renewed[] = [];
  for (const node of dataNodes(running.placed.nodes)) done.push(await renewData(ctx, node));
  for (const node of sentinelNodes(running.placed.nodes)) done.push(await renewSentinel(ctx, node));
  return done;
}

interface RenewContext extends Pick<RenewOptions, 'timeoutSeconds' | 'onProgress'> {
  readonly running: RunningStack;
  readonly credentials: Credentials;
  readonly pairs: ReadonlyMap<string, Pair>;
  /** What stood on disk before. */
  readonly before: CertificateTexts;
  readonly now: Date;
}

function renewed(node: StackNode, pairs: ReadonlyMap<string, Pair>, how: Renewed['how']): Renewed {
  const certificate = readCertificate(pairs.get(node.name)?.certificate);
  return {
    node: node.name,
    serial: certificate?.serialNumber ?? '',
    validTo: certificate?.validTo ?? '',
    how,
  };
}

const at = (node: StackNode) => ({ host: node.ip, port: node.port });

/** The server reads both files again when it is told their names, also where those are the same; in one call they fit. */
async function renewData(ctx: RenewContext, node: StackNode): Promise<Renewed> {
  ctx.onProgress(`${node.name} reads its new certificate`);
  try {
    await withConnection(at(node), loginTo(ctx, node), async (c) => {
      const paths = parsePairs(await c.call('CONFIG', 'GET', 'tls-*-file'));
      const names = ['tls-cert-file', 'tls-key-file'];
      await c.call('CONFIG', 'SET', ...names.flatMap((name) => [name, paths[name] ?? '']));
    });
  } catch (error) {
    if (isDown(error)) return renewed(node, ctx.pairs, 'at-next-start');
    throw notRenewed(node, (error as Error).message);
  }
  await untilShown(ctx, node);
  return renewed(node, ctx.pairs, 'reloaded');
}

/** A server whose certificate has expired is still told of the new one: it is known by the old one. */
function loginTo({ credentials, before, now }: RenewContext, node: StackNode): Credentials {
  const text = before.get(pairPaths(node.name).certificate);
  const old = readCertificate(text);
  if (!credentials.tls || !old || text === undefined || validityAt(old, now) === 'valid') return credentials;
  return { ...credentials, tls: { ...credentials.tls, only: text } };
}

async function renewSentinel(ctx: RenewContext, node: StackNode): Promise<Renewed> {
  if (await isAbsent(ctx, node)) return renewed(node, ctx.pairs, 'at-next-start');
  ctx.onProgress(`restarting ${node.name}`);
  try {
    await ctx.running.stop(node);
    await ctx.running.start(node);
  } catch (error) {
    throw notRenewed(node, (error as Error).message);
  }
  await untilShown(ctx, node);
  await untilHealthy(ctx, node);
  return renewed(node, ctx.pairs, 'restarted');
}

async function isAbsent({ credentials }: RenewContext, node: StackNode): Promise<boolean> {
  try {
    await servedSerial(at(node), credentials.tls?.ca ?? '');
    return false;
  } catch (error) {
    return isDown(error);
  }
}

/** Nobody listens there. */
function isDown(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
}

/** What counts is what a client gets to see. */
async function untilShown(
  { credentials, pairs, timeoutSeconds }: RenewContext,
  node: StackNode,
): Promise<void> {
  const wanted = readCertificate(pairs.get(node.name)?.certificate)?.serialNumber;
  await within(timeoutSeconds, node, async () => {
    const shown = await servedSerial(at(node), credentials.tls?.ca ?? '');
    return shown === wanted ? undefined : 'it still shows its old certificate';
  });
}

/** The next Sentinel is restarted only when this one counts again. */
async function untilHealthy(
  { running, credentials, timeoutSeconds, onProgress }: RenewContext,
  node: StackNode,
) {
  await within(timeoutSeconds, node, async () => {
    const [first] = (await observe({ model: running.placed, credentials })).missing;
    if (first !== undefined) onProgress(`waiting until ${first}`);
    return first === undefined ? undefined : `after its restart the stack still waits until ${first}`;
  });
}

/** Asks until it has nothing to object to; an error is an objection too. */
async function within(
  seconds: number,
  node: StackNode,
  objection: () => Promise<string | undefined>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const said = await objection().catch((error: unknown) => (error as Error).message);
    if (said === undefined) return;
    if (Date.now() > end) throw notRenewed(node, said);
    await sleep(100);
  }
}

function notRenewed(node: StackNode, said: string): ProblemError {
  return new ProblemError(
    problem(
      'tls/not-renewed',
      node.name,
      `${said}.`.replace(/\.\.$/, '.'),
      `The new certificates are in place (${CA_CERTIFICATE} and ${CA_KEY} stay as they are); nodes after this one show their old ones until they read them. Mend what it says, then renew again, or restart the nodes.`,
    ),
  );
}

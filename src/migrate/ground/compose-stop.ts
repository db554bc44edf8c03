import { setTimeout as sleep } from 'node:timers/promises';
import type { StackNode } from '../../model/types.ts';
import { withConnection } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import { containerOf, isAlive, memberOf, onNode, type Work } from './compose-work.ts';

/** Docker ends what is still there after the grace period with this exit code. */
const KILLED = 137;

/** Ends a node in order, without handing over. One that does not run is left alone. */
export async function stopNode(work: Work, name: string): Promise<void> {
  const container = await containerOf(work, name);
  if (!isAlive(container)) return;
  if (container.state === 'paused') await onNode(work, name, ['unpause', name]);
  const { node } = memberOf(work, name);
  if (await wouldHandOver(work, node)) await shutDown(work, name);
  await onNode(work, name, ['stop', name]);
  if ((await containerOf(work, name))?.exitCode === KILLED)
    throw new Error(`${name} did not end within ${graceSeconds(work)} s and was killed`);
}

const graceSeconds = ({ before, after }: Work): number =>
  Math.max(before.stopGraceSeconds, after.stopGraceSeconds);

/** A primary with replicas makes one of them the primary when its container is stopped. */
async function wouldHandOver(work: Work, { name, role }: StackNode): Promise<boolean> {
  if (role === 'sentinel' || work.before.handoverSeconds + work.after.handoverSeconds === 0) return false;
  const { at } = memberOf(work, name);
  const seen = await withConnection(at, work.credentials, (c) => c.call('INFO', 'replication'))
    .then(parseFields)
    .catch(() => undefined);
  return seen?.role === 'master' && seen.connected_slaves !== '0';
}

/**
 * The server ends by its own command, of which the first process of the container is not told. The signal before it, which
 * nobody heeds, has Docker take the end for wanted: otherwise it would start the container again.
 */
async function shutDown(work: Work, name: string): Promise<void> {
  const limitMs = graceSeconds(work) * 1000;
  await onNode(work, name, ['kill', '--signal', 'SIGURG', name]);
  const said = await withConnection(
    memberOf(work, name).at,
    work.credentials,
    (c) => c.call('SHUTDOWN'),
    limitMs,
  ).then(String, (error: Error) => error.message);
  const end = Date.now() + limitMs;
  while (isAlive(await containerOf(work, name))) {
    // An answer, unlike a lost connection, says that it goes on.
    if (Date.now() > end || said.startsWith('ERR')) throw new Error(`${name} does not shut down: ${said}`);
    await sleep(100);
  }
}

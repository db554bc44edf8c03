import { setTimeout as sleep } from 'node:timers/promises';
import { announcementName } from './announcement.js';
import type { StackDescription } from './description.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';

const lookMs = 20;

/**
 * Resolves when the stack that a port leads to has taken over: it knows of the announcement, so it is no stranger, and its
 * servers are primaries. Rejects where that has to be asked on new connections, and goes on until the port ends elsewhere.
 */
export async function untilServing(port: RedisPort): Promise<void> {
  while (!(await isServing(port))) {
    // A cluster is known as it was when it was connected to.
    if (port.stack().kind === 'cluster') throw new Error('The cluster does not serve yet.');
    await sleep(lookMs);
  }
}

async function isServing(port: RedisPort): Promise<boolean> {
  const { kind, keyPrefix } = port.stack();
  const [announced, infos] = await Promise.all([port.get(keyPrefix + announcementName), infosOf(port)]);
  return announced !== null && infos.every((info) => isPrimary(info, kind));
}

/** What every primary says of itself; nothing where that may not be asked. */
async function infosOf(port: RedisPort): Promise<readonly string[]> {
  try {
    return (await port.callPrimaries(['INFO', 'replication', 'cluster'])).map(String);
  } catch (error) {
    if (error instanceof RedisError && error.code === 'redis/refused') return [];
    throw error;
  }
}

/** A server on its way into a cluster takes another one, which is in none, for a primary of it. */
function isPrimary(info: string, kind: StackDescription['kind']): boolean {
  const isInCluster = /^cluster_enabled:1/m.test(info);
  return /^role:master/m.test(info) && isInCluster === (kind === 'cluster');
}

import type { Services, Stay } from './definition.js';
import { RedisError } from './errors.js';

const asked = new WeakMap<Services, Promise<readonly string[]>>();

/**
 * Rejects with `redis/may-evict` on a server that drops keys when it is full and may take these: work that waits in Redis
 * would disappear without a word. `lasting` keys have no lifetime, and `volatile-*` policies leave those alone. Asked once
 * for each connection.
 */
export async function expectNoEviction(services: Services, what: string, kind: Stay): Promise<void> {
  for (const policy of await policies(services)) {
    if (policy === 'noeviction' || (kind === 'lasting' && policy.startsWith('volatile-'))) continue;
    throw new RedisError(
      'redis/may-evict',
      `${what} would be dropped when Redis is full: its maxmemory-policy is ${policy}. Use noeviction.`,
    );
  }
}

function policies(services: Services): Promise<readonly string[]> {
  const known = asked.get(services) ?? ask(services);
  asked.set(services, known);
  // A server that could not be asked is asked again the next time.
  known.catch(() => asked.delete(services));
  return known;
}

async function ask({ port }: Services): Promise<readonly string[]> {
  const replies = await port.callPrimaries(['INFO', 'memory']);
  return replies.map((reply) => policyOf(String(reply)));
}

/** The maxmemory-policy in the answer to `INFO memory`. */
export const policyOf = (info: string): string => /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown';

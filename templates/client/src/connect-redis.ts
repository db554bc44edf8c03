import { connect } from './connect.js';
import type { Opened } from './definition.js';
import { keyspaces } from './keyspaces.js';
import { openRedis, type Redis, type RedisOptions } from './redis.js';
import { stack } from './stack.js';

/** A connection to this stack, with the keyspaces of `keyspaces.ts` opened on it. */
export type StackRedis = Redis & { readonly keyspaces: Opened<typeof keyspaces> };

/**
 * Connects to the stack and opens its keyspaces. Rejects with `redis/bad-environment`; with `redis/unreachable` after
 * `connectWithinMs`; with `redis/may-evict`, and closes the connection again, where the server drops keys that one of the
 * keyspaces cannot do without.
 */
export async function connectRedis(options?: RedisOptions): Promise<StackRedis> {
  const redis = await openRedis(connect, stack, options);
  try {
    return Object.assign(redis, { keyspaces: await redis.open(keyspaces) });
  } catch (error) {
    await redis.close({ drainMs: 1000 });
    throw error;
  }
}

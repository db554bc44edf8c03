import { connect } from './connect.js';
import { openRedis, type Redis, type RedisOptions } from './redis.js';
import { stack } from './stack.js';

/** Connects to the stack; rejects with `redis/bad-environment` or, after `connectWithinMs`, with `redis/unreachable`. */
export function connectRedis(options?: RedisOptions): Promise<Redis> {
  return openRedis(connect, stack, options);
}

export type { Cache, CacheStats } from './cache-aside.js';
export type { Direct } from './direct.js';
export { RedisError, type RedisErrorCode } from './errors.js';
export { type CacheDefinition, type CacheKeyspace, cache, type KeyPart } from './keyspace.js';
export type { LoadMany } from './loads.js';
export type { CloseOptions, Redis, RedisOptions } from './redis.js';
export type { StandardSchema } from './schema.js';
export { stack };
export { connectRedis as connectShopRedis } from './redis.js';

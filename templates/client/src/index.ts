import { connect } from './connect.js';
import { openRedis, type Redis, type RedisOptions } from './redis.js';
import { stack } from './stack.js';

/** Connects to the stack; rejects with `redis/bad-environment` or, after `connectWithinMs`, with `redis/unreachable`. */
export function connectRedis(options?: RedisOptions): Promise<Redis> {
  return openRedis(connect, stack, options);
}

export { type Cache, type CacheStats, cache } from './cache-aside.js';
export type { Definition, Observe, Opened, RedisEvent } from './definition.js';
export type { Direct } from './direct.js';
export { RedisError, type RedisErrorCode } from './errors.js';
export type { CacheDefinition, CacheKeyspace } from './keyspace.js';
export type { LoadContext, LoadMany } from './loads.js';
export { defineKeyspaces, type KeyPart } from './names.js';
export type { CloseOptions, Health, Redis, RedisOptions } from './redis.js';
export type { StandardSchema } from './schema.js';
export { stack };

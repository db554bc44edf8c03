export type { Definition, Observe, Opened, RedisEvent } from './definition.js';
export type { Direct } from './direct.js';
export { RedisError, type RedisErrorCode } from './errors.js';
export { defineKeyspaces, type KeyPart, type Lifetime } from './names.js';
export type { CloseOptions, Health, Redis, RedisOptions } from './redis.js';
export type { StandardSchema } from './schema.js';
export { stack } from './stack.js';

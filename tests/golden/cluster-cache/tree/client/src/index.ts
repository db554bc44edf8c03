export * from './cache-aside.js';
export * from './rate-limits.js';
export * from './connect-redis.js';
export * from './core.js';

export * from './cache-aside.js';
export * from './connect-redis.js';
export * from './core.js';

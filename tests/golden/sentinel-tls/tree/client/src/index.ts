export * from './sessions.js';
export * from './connect-redis.js';
export * from './core.js';

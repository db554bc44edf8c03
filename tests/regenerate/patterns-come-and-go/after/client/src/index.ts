export * from './jobs.js';
export * from './locks.js';
export * from './connect-redis.js';
export * from './core.js';
export * from './ours.js';

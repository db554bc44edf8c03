export * from './queues.js';
export * from './streams.js';
export * from './connect-redis.js';
export * from './core.js';

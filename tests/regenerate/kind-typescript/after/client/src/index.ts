export * from './cache-aside.js';
export * from './connect-redis.js';
export * from './core.js';
export { connectRedis as connectShopRedis } from './connect-redis.js';

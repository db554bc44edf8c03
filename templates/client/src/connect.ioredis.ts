import { following } from './open.js';

/** Connects to a stack of any kind, and follows it when it says that it has become another one. */
export const connect = following({
  standalone: () => import('./connect.standalone.ioredis.js'),
  sentinel: () => import('./connect.sentinel.ioredis.js'),
  cluster: () => import('./connect.cluster.ioredis.js'),
});

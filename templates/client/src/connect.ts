import { following } from './open.js';

/** Connects to a stack of any kind, and follows it when it says that it has become another one. */
export const connect = following({
  standalone: () => import('./connect.standalone.js'),
  sentinel: () => import('./connect.sentinel.js'),
  cluster: () => import('./connect.cluster.js'),
});

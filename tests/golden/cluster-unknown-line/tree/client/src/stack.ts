import type { ClusterStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'cluster',
  name: 'future',
  keyPrefix: 'future:',
  user: 'app',
  passwordEnv: 'REDIS_APP_PASSWORD',
  host: {
    addresses: [
      {
        host: '127.0.0.1',
        port: 7011,
      },
      {
        host: '127.0.0.1',
        port: 7021,
      },
      {
        host: '127.0.0.1',
        port: 7031,
      },
    ],
    addressMap: {
      '172.30.85.11:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      'shard-1-1:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      '172.30.85.16:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      'shard-2-1:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      '172.30.85.21:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
      'shard-3-1:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
    },
  },
  network: {
    addresses: [
      {
        host: 'shard-1-1',
        port: 7011,
      },
      {
        host: 'shard-2-1',
        port: 7021,
      },
      {
        host: 'shard-3-1',
        port: 7031,
      },
    ],
    addressMap: {},
  },
} as const satisfies ClusterStack;

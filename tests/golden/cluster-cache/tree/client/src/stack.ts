import type { ClusterStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'cluster',
  name: 'catalogue',
  keyPrefix: 'catalogue:',
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
        port: 7012,
      },
      {
        host: '127.0.0.1',
        port: 7021,
      },
      {
        host: '127.0.0.1',
        port: 7022,
      },
      {
        host: '127.0.0.1',
        port: 7031,
      },
      {
        host: '127.0.0.1',
        port: 7032,
      },
    ],
    addressMap: {
      '172.30.133.11:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      'shard-1-1:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      '172.30.133.12:7012': {
        host: '127.0.0.1',
        port: 7012,
      },
      'shard-1-2:7012': {
        host: '127.0.0.1',
        port: 7012,
      },
      '172.30.133.16:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      'shard-2-1:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      '172.30.133.17:7022': {
        host: '127.0.0.1',
        port: 7022,
      },
      'shard-2-2:7022': {
        host: '127.0.0.1',
        port: 7022,
      },
      '172.30.133.21:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
      'shard-3-1:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
      '172.30.133.22:7032': {
        host: '127.0.0.1',
        port: 7032,
      },
      'shard-3-2:7032': {
        host: '127.0.0.1',
        port: 7032,
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
        host: 'shard-1-2',
        port: 7012,
      },
      {
        host: 'shard-2-1',
        port: 7021,
      },
      {
        host: 'shard-2-2',
        port: 7022,
      },
      {
        host: 'shard-3-1',
        port: 7031,
      },
      {
        host: 'shard-3-2',
        port: 7032,
      },
    ],
    addressMap: {},
  },
} as const satisfies ClusterStack;

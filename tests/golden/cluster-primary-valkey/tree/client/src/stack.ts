import type { ClusterStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'cluster',
  name: 'ledger',
  keyPrefix: 'ledger:',
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
        port: 7013,
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
        port: 7023,
      },
      {
        host: '127.0.0.1',
        port: 7031,
      },
      {
        host: '127.0.0.1',
        port: 7032,
      },
      {
        host: '127.0.0.1',
        port: 7033,
      },
      {
        host: '127.0.0.1',
        port: 7041,
      },
      {
        host: '127.0.0.1',
        port: 7042,
      },
      {
        host: '127.0.0.1',
        port: 7043,
      },
    ],
    addressMap: {
      '172.30.238.11:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      'shard-1-1:7011': {
        host: '127.0.0.1',
        port: 7011,
      },
      '172.30.238.12:7012': {
        host: '127.0.0.1',
        port: 7012,
      },
      'shard-1-2:7012': {
        host: '127.0.0.1',
        port: 7012,
      },
      '172.30.238.13:7013': {
        host: '127.0.0.1',
        port: 7013,
      },
      'shard-1-3:7013': {
        host: '127.0.0.1',
        port: 7013,
      },
      '172.30.238.16:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      'shard-2-1:7021': {
        host: '127.0.0.1',
        port: 7021,
      },
      '172.30.238.17:7022': {
        host: '127.0.0.1',
        port: 7022,
      },
      'shard-2-2:7022': {
        host: '127.0.0.1',
        port: 7022,
      },
      '172.30.238.18:7023': {
        host: '127.0.0.1',
        port: 7023,
      },
      'shard-2-3:7023': {
        host: '127.0.0.1',
        port: 7023,
      },
      '172.30.238.21:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
      'shard-3-1:7031': {
        host: '127.0.0.1',
        port: 7031,
      },
      '172.30.238.22:7032': {
        host: '127.0.0.1',
        port: 7032,
      },
      'shard-3-2:7032': {
        host: '127.0.0.1',
        port: 7032,
      },
      '172.30.238.23:7033': {
        host: '127.0.0.1',
        port: 7033,
      },
      'shard-3-3:7033': {
        host: '127.0.0.1',
        port: 7033,
      },
      '172.30.238.26:7041': {
        host: '127.0.0.1',
        port: 7041,
      },
      'shard-4-1:7041': {
        host: '127.0.0.1',
        port: 7041,
      },
      '172.30.238.27:7042': {
        host: '127.0.0.1',
        port: 7042,
      },
      'shard-4-2:7042': {
        host: '127.0.0.1',
        port: 7042,
      },
      '172.30.238.28:7043': {
        host: '127.0.0.1',
        port: 7043,
      },
      'shard-4-3:7043': {
        host: '127.0.0.1',
        port: 7043,
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
        host: 'shard-1-3',
        port: 7013,
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
        host: 'shard-2-3',
        port: 7023,
      },
      {
        host: 'shard-3-1',
        port: 7031,
      },
      {
        host: 'shard-3-2',
        port: 7032,
      },
      {
        host: 'shard-3-3',
        port: 7033,
      },
      {
        host: 'shard-4-1',
        port: 7041,
      },
      {
        host: 'shard-4-2',
        port: 7042,
      },
      {
        host: 'shard-4-3',
        port: 7043,
      },
    ],
    addressMap: {},
  },
} as const satisfies ClusterStack;

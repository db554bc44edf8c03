import type { SentinelStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'sentinel',
  name: 'sessions',
  keyPrefix: 'sessions:',
  user: 'app',
  passwordEnv: 'REDIS_APP_PASSWORD',
  primaryName: 'mymaster',
  sentinelUser: 'app',
  sentinelPasswordEnv: 'REDIS_APP_PASSWORD',
  host: {
    addresses: [
      {
        host: '127.0.0.1',
        port: 26379,
      },
      {
        host: '127.0.0.1',
        port: 26380,
      },
      {
        host: '127.0.0.1',
        port: 26381,
      },
    ],
    addressMap: {
      '172.30.19.211:6379': {
        host: '127.0.0.1',
        port: 6379,
      },
      'node-1:6379': {
        host: '127.0.0.1',
        port: 6379,
      },
      '172.30.19.212:6380': {
        host: '127.0.0.1',
        port: 6380,
      },
      'node-2:6380': {
        host: '127.0.0.1',
        port: 6380,
      },
      '172.30.19.213:6381': {
        host: '127.0.0.1',
        port: 6381,
      },
      'node-3:6381': {
        host: '127.0.0.1',
        port: 6381,
      },
      '172.30.19.201:26379': {
        host: '127.0.0.1',
        port: 26379,
      },
      'sentinel-1:26379': {
        host: '127.0.0.1',
        port: 26379,
      },
      '172.30.19.202:26380': {
        host: '127.0.0.1',
        port: 26380,
      },
      'sentinel-2:26380': {
        host: '127.0.0.1',
        port: 26380,
      },
      '172.30.19.203:26381': {
        host: '127.0.0.1',
        port: 26381,
      },
      'sentinel-3:26381': {
        host: '127.0.0.1',
        port: 26381,
      },
    },
  },
  network: {
    addresses: [
      {
        host: 'sentinel-1',
        port: 26379,
      },
      {
        host: 'sentinel-2',
        port: 26380,
      },
      {
        host: 'sentinel-3',
        port: 26381,
      },
    ],
    addressMap: {},
  },
} as const satisfies SentinelStack;

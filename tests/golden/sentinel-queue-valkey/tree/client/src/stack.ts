import type { SentinelStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'sentinel',
  name: 'jobs',
  keyPrefix: 'jobs:',
  user: 'app',
  passwordEnv: 'REDIS_APP_PASSWORD',
  primaryName: 'mymaster',
  sentinelUser: 'app',
  sentinelPasswordEnv: 'REDIS_APP_PASSWORD',
  host: {
    addresses: [
      {
        host: '127.0.0.1',
        port: 27379,
      },
      {
        host: '127.0.0.1',
        port: 27380,
      },
      {
        host: '127.0.0.1',
        port: 27381,
      },
      {
        host: '127.0.0.1',
        port: 27382,
      },
      {
        host: '127.0.0.1',
        port: 27383,
      },
    ],
    addressMap: {
      '10.20.30.211:7379': {
        host: '127.0.0.1',
        port: 7379,
      },
      'node-1:7379': {
        host: '127.0.0.1',
        port: 7379,
      },
      '10.20.30.212:7380': {
        host: '127.0.0.1',
        port: 7380,
      },
      'node-2:7380': {
        host: '127.0.0.1',
        port: 7380,
      },
      '10.20.30.201:27379': {
        host: '127.0.0.1',
        port: 27379,
      },
      'sentinel-1:27379': {
        host: '127.0.0.1',
        port: 27379,
      },
      '10.20.30.202:27380': {
        host: '127.0.0.1',
        port: 27380,
      },
      'sentinel-2:27380': {
        host: '127.0.0.1',
        port: 27380,
      },
      '10.20.30.203:27381': {
        host: '127.0.0.1',
        port: 27381,
      },
      'sentinel-3:27381': {
        host: '127.0.0.1',
        port: 27381,
      },
      '10.20.30.204:27382': {
        host: '127.0.0.1',
        port: 27382,
      },
      'sentinel-4:27382': {
        host: '127.0.0.1',
        port: 27382,
      },
      '10.20.30.205:27383': {
        host: '127.0.0.1',
        port: 27383,
      },
      'sentinel-5:27383': {
        host: '127.0.0.1',
        port: 27383,
      },
    },
  },
  network: {
    addresses: [
      {
        host: 'sentinel-1',
        port: 27379,
      },
      {
        host: 'sentinel-2',
        port: 27380,
      },
      {
        host: 'sentinel-3',
        port: 27381,
      },
      {
        host: 'sentinel-4',
        port: 27382,
      },
      {
        host: 'sentinel-5',
        port: 27383,
      },
    ],
    addressMap: {},
  },
} as const satisfies SentinelStack;

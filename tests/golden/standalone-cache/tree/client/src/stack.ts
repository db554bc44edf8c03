import type { StandaloneStack } from './description.js';

/** Where this stack is and how to log in; printed from redis-stack.yaml. */
export const stack = {
  kind: 'standalone',
  name: 'shop',
  keyPrefix: 'shop:',
  user: 'app',
  passwordEnv: 'REDIS_APP_PASSWORD',
  host: {
    addresses: [
      {
        host: '127.0.0.1',
        port: 6379,
      },
    ],
    addressMap: {},
  },
  network: {
    addresses: [
      {
        host: 'node-1',
        port: 6379,
      },
    ],
    addressMap: {},
  },
} as const satisfies StandaloneStack;

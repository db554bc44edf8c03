import type { StandaloneStack } from './description.js';

export const stack = {
  kind: 'standalone',
  name: 'sample',
  keyPrefix: 'sample:',
  user: 'app',
  passwordEnv: 'REDIS_APP_PASSWORD',
  host: {
    addresses: [{ host: '127.0.0.1', port: 6379 }],
    addressMap: {},
  },
  network: {
    addresses: [{ host: 'redis', port: 6379 }],
    addressMap: {},
  },
} as const satisfies StandaloneStack;

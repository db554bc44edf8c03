import { connect as clusterIoredis } from '../../src/connect.cluster.ioredis.js';
import { connect as cluster } from '../../src/connect.cluster.js';
import { connect as sentinelIoredis } from '../../src/connect.sentinel.ioredis.js';
import { connect as sentinel } from '../../src/connect.sentinel.js';
import { connect as standaloneIoredis } from '../../src/connect.standalone.ioredis.js';
import { connect as standalone } from '../../src/connect.standalone.js';
import type { Library } from './ground.ts';

const ioredis = { standalone: standaloneIoredis, sentinel: sentinelIoredis, cluster: clusterIoredis };

export const libraries: readonly Library[] = [
  { name: 'node-redis 6', standalone, sentinel, cluster },
  { name: 'ioredis 6', ...ioredis },
];

/** For tests that have put version 5 in the place of `ioredis`. */
export const ioredis5: readonly Library[] = [{ name: 'ioredis 5', ...ioredis }];

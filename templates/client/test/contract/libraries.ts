import { connect as cluster } from '../../src/connect.cluster.js';
import { connect as sentinel } from '../../src/connect.sentinel.js';
import { connect as standalone } from '../../src/connect.standalone.js';
import type { Library } from './ground.ts';

export const libraries: readonly Library[] = [{ name: 'node-redis 6', standalone, sentinel, cluster }];

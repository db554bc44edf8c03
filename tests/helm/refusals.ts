import type { TopologyKind } from '../../src/spec/types.ts';
import { OF_SETTINGS } from './refused-settings.ts';

/** Values that are wrong or contradict each other, and what Helm says: the place, and what to do about it. */
export interface Refusal {
  readonly title: string;
  readonly topology: TopologyKind;
  readonly values: object;
  readonly says: RegExp;
  readonly tls?: boolean;
  readonly release?: string;
}

const LONG = 'n'.repeat(53);

/** Of who is there, and how many. */
const OF_SHAPE: readonly Refusal[] = [
  {
    title: 'a misspelt key',
    topology: 'standalone',
    values: { replica: 3 },
    says: /replica'? (is )?not allowed/,
  },
  {
    title: 'a word for a number',
    topology: 'cluster',
    values: { shards: 'three' },
    says: /shards.*integer/,
  },
  {
    title: 'a topology that is none',
    topology: 'standalone',
    values: { topology: 'replication' },
    says: /topology.*one of.*standalone.*sentinel.*cluster/,
  },
  {
    title: 'replicas that nobody fails over to',
    topology: 'standalone',
    values: { replicas: 1 },
    says: /Set topology: sentinel, or replicas: 0/,
  },
  {
    title: 'nobody to fail over to',
    topology: 'sentinel',
    values: { replicas: 0 },
    says: /Set replicas to 1 or more/,
  },
  {
    title: 'an even number of Sentinels',
    topology: 'sentinel',
    values: { sentinel: { count: 4 } },
    says: /Set it to 5/,
  },
  {
    title: 'a quorum that is no majority',
    topology: 'sentinel',
    values: { sentinel: { quorum: 1 } },
    says: /Set it to 2/,
  },
  {
    title: 'a quorum that nobody reaches',
    topology: 'sentinel',
    values: { sentinel: { quorum: 4 } },
    says: /Set it to 2/,
  },
  {
    title: 'shards without a cluster',
    topology: 'sentinel',
    values: { shards: 3 },
    says: /Set shards: 1 and leaving: 0/,
  },
  {
    title: 'shards that leave nothing',
    topology: 'standalone',
    values: { leaving: 1 },
    says: /Set shards: 1 and leaving: 0/,
  },
  { title: 'two shards', topology: 'cluster', values: { shards: 2 }, says: /Keep 3 shards or more/ },
  {
    title: 'too many shards that leave',
    topology: 'cluster',
    values: { shards: 4, leaving: 2 },
    says: /Keep 3 shards or more/,
  },
  {
    title: 'another topology than the configuration',
    topology: 'standalone',
    values: { topology: 'cluster', shards: 3 },
    says: /add the directives cluster-\* to config/,
  },
  {
    title: 'a cluster made a Sentinel group',
    topology: 'cluster',
    values: { topology: 'sentinel', shards: 1 },
    says: /Take the users from the chart's own values/,
  },
  {
    title: 'a long name',
    topology: 'standalone',
    values: {},
    release: LONG,
    says: /Choose a shorter release name, or set fullnameOverride/,
  },
  {
    title: 'a name that begins with a digit',
    topology: 'standalone',
    values: {},
    release: '1shop',
    says: /Set fullnameOverride/,
  },
  {
    title: 'a name in capitals',
    topology: 'standalone',
    values: { fullnameOverride: 'Shop' },
    says: /Set fullnameOverride/,
  },
];

export const REFUSALS: readonly Refusal[] = [...OF_SHAPE, ...OF_SETTINGS];

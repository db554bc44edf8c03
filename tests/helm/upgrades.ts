import type { SpecInput } from '../../src/spec/schema.ts';
import type { TopologyKind } from '../../src/spec/types.ts';

/** A change of a release that runs: in the spec, or in its values. */
export interface Upgrade {
  readonly title: string;
  readonly topology: TopologyKind;
  readonly input?: SpecInput;
  readonly values?: object;
}

export const UPGRADES: readonly Upgrade[] = [
  { title: 'more memory', topology: 'sentinel', input: { memory: { limit: '2Gi' } } },
  { title: 'a newer release', topology: 'cluster', input: { engine: { name: 'redis', version: '8.4' } } },
  {
    title: 'another user',
    topology: 'standalone',
    input: { security: { users: [{ name: 'report', access: 'readonly' }] } },
  },
  { title: 'backups', topology: 'sentinel', input: { backup: { every: '6h' } } },
  { title: 'monitoring', topology: 'cluster', input: { targets: ['helm', 'monitoring'] } },
  { title: 'more replicas', topology: 'sentinel', values: { replicas: 3 } },
  { title: 'more shards', topology: 'cluster', values: { shards: 5 } },
  { title: 'shards that leave', topology: 'cluster', values: { shards: 4, leaving: 1 } },
  { title: 'more Sentinels', topology: 'sentinel', values: { sentinel: { count: 5, quorum: 3 } } },
  { title: 'no proxy', topology: 'sentinel', values: { proxy: { enabled: false } } },
  {
    title: 'further labels',
    topology: 'cluster',
    values: { commonLabels: { team: 'shop' }, pod: { labels: { team: 'shop' } } },
  },
  { title: 'an open network', topology: 'standalone', values: { networkPolicy: { enabled: false } } },
  { title: 'another Secret', topology: 'sentinel', values: { secrets: { existing: 'other' } } },
];

import type { Directive, StackNode } from '../../model/types.ts';
import { type Problem, problem } from '../../problem.ts';
import { defaultReplicas, defaultShards } from '../../spec/defaults.ts';
import type { ClusterTopology, StackSpec } from '../../spec/types.ts';
import { hostIn, LAST_NUMBERS } from '../subnet.ts';
import type { TopologyDefinition } from '../types.ts';

/** The bus listens this far above the client port, Redis's own convention. */
const BUS_DISTANCE = 10_000;

/** Nodes that a shard may have: a primary and four replicas. */
const MOST_OF_A_SHARD = 5;

function settings(spec: StackSpec): ClusterTopology {
  if (spec.topology.kind !== 'cluster') throw new Error('not a cluster topology');
  return spec.topology;
}

/** Names, ports and addresses depend on shard and place alone, so that growing renames nobody. */
function nodes(spec: StackSpec): readonly StackNode[] {
  const { shards, replicas } = settings(spec);
  return Array.from({ length: shards }, (_, s) => s + 1).flatMap((shard) =>
    Array.from({ length: replicas + 1 }, (_, i): StackNode => {
      const name = `shard-${shard}-${i + 1}`;
      const port = spec.network.port + (shard - 1) * 10 + i;
      const ip = hostIn(spec.network.subnet, LAST_NUMBERS.cluster + (shard - 1) * MOST_OF_A_SHARD + i);
      const base = { name, shard, ip, port, busPort: port + BUS_DISTANCE, hostname: name };
      return i === 0
        ? { ...base, role: 'primary' }
        : { ...base, role: 'replica', follows: `shard-${shard}-1` };
    }),
  );
}

/** Half a cache is better than none; half of the primary data may mislead an application. */
function coverage(spec: StackSpec): Directive {
  const partial = spec.workload.every((w) => w === 'cache' || w === 'sessions' || w === 'rate-limiting');
  return {
    section: 'cluster',
    name: 'cluster-require-full-coverage',
    args: [partial ? 'no' : 'yes'],
    why: partial
      ? 'When a shard is lost the others go on serving their keys: part of this data is better than none.'
      : 'When a shard is lost the whole cluster refuses queries: an application must not act on part of this data.',
  };
}

function directives(spec: StackSpec): readonly Directive[] {
  const cache = spec.workload.every((w) => w === 'cache');
  const c = (name: string, value: string, why: string): Directive => ({
    section: 'cluster',
    name,
    args: [value],
    why,
  });
  return [
    c('cluster-enabled', 'yes', 'Each node serves its share of the 16384 slots.'),
    c(
      'cluster-config-file',
      'nodes.conf',
      'The node keeps who it is and whom it knows here, beside its data, for as long as the data.',
    ),
    c(
      'cluster-node-timeout',
      '5000',
      'Milliseconds until a silent node counts as failing; less than 2000 takes a fork for a failure.',
    ),
    coverage(spec),
    c(
      'cluster-allow-reads-when-down',
      'no',
      'A node that lost sight of the majority does not answer with old data.',
    ),
    c(
      'cluster-allow-replica-migration',
      'no',
      'A replica stays with its shard: shards have a fixed set of nodes here.',
    ),
    c('cluster-migration-barrier', '1', 'Were replicas to migrate, a primary would keep one.'),
    cache
      ? c(
          'cluster-replica-validity-factor',
          '0',
          'A replica takes over however long it was cut off: a stale cache entry beats an outage.',
        )
      : c(
          'cluster-replica-validity-factor',
          '10',
          'A replica that was cut off for long does not take over: its data is too old.',
        ),
    ...(spec.security.tls ? [encryptedBus] : []),
  ];
}

const encryptedBus: Directive = {
  section: 'tls',
  name: 'tls-cluster',
  args: ['yes'],
  why: 'The nodes speak TLS among themselves too, on the cluster bus.',
};

function problems(spec: StackSpec): readonly Problem[] {
  const { shards, replicas } = settings(spec);
  const found: Problem[] = [];
  if (shards < 3) {
    found.push(
      problem(
        'topology/few-shards',
        'topology.shards',
        `A cluster of ${shards} ${shards === 1 ? 'primary' : 'primaries'} has no majority left when one is lost.`,
        'Use 3 shards or more, or choose sentinel for data that fits one node.',
      ),
    );
  }
  if (replicas === 0) {
    found.push({
      ...problem(
        'topology/cluster-without-replicas',
        'topology.replicas',
        'Without replicas the loss of one node makes its slots unavailable until it is back.',
        'Set topology.replicas to 1, or leave it so for data that can be rebuilt.',
      ),
      severity: 'warning',
    });
  }
  return found;
}

export const cluster: TopologyDefinition = {
  kind: 'cluster',
  title: 'Cluster',
  meaning:
    'several primaries, each with a share of the keys, and replicas. For more data or writes than one node holds.',
  settings: ['shards', 'replicas'],
  sizeQuestions: [
    {
      setting: 'shards',
      message: 'Shards (primaries)',
      choices: [
        { value: 3, meaning: 'the least that keeps a majority when one is lost' },
        { value: 4, meaning: 'a third more room' },
        { value: 6, meaning: 'twice the room' },
        { value: 12, meaning: 'large data or many writes' },
      ],
    },
    {
      setting: 'replicas',
      message: 'Replicas per shard',
      choices: [
        { value: 1, meaning: 'takes over when its primary is lost; the usual choice' },
        { value: 2, meaning: 'survives the loss of two nodes of one shard' },
        { value: 0, meaning: 'no failover: only for data that can be rebuilt' },
      ],
    },
  ],
  complete: (given, decisions) => ({
    kind: 'cluster',
    shards: decisions.take('topology.shards', given.shards, defaultShards),
    replicas: decisions.take('topology.replicas', given.replicas, () => defaultReplicas('cluster')),
  }),
  problems,
  nodes,
  directives,
  sentinel: () => undefined,
  joins: true,
  clientEntry: (node) => node.role !== 'sentinel',
};

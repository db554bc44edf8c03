import type { SpecInput } from '../spec/schema.ts';
import type { Reading } from './reading.ts';

type Topology = NonNullable<SpecInput['topology']>;

const MOST_REPLICAS = 4;
const MOST_SENTINELS = 9;
const MOST_SHARDS = 48;

export function readTopology(reading: Reading): Topology {
  return reading.isCluster ? readCluster(reading) : readReplication(reading);
}

function readReplication(reading: Reading): Topology {
  const architecture = reading.text('architecture') ?? 'replication';
  const watched = reading.flag('sentinel.enabled', false);
  if (architecture !== 'standalone' && architecture !== 'replication') {
    reading.refuse('architecture', 'is no architecture of the chart.', 'Write standalone or replication.');
    return readSentinel(reading, watched);
  }
  readPrimaries(reading);
  if (architecture === 'replication') return readSentinel(reading, watched);
  if (watched) {
    reading.refuse(
      'sentinel.enabled',
      'contradicts architecture standalone: the chart itself refuses it.',
      'Set architecture to replication, or leave Sentinel out.',
      'import/contradiction',
    );
  }
  reading.take('architecture', 'topology.kind', 'standalone', 'One node.');
  reading.say('sentinel.enabled', { verdict: 'default', why: 'One node needs no Sentinel.' });
  return { kind: 'standalone' };
}

function readPrimaries(reading: Reading): void {
  const key = reading.engine === 'redis' ? 'master.count' : 'primary.replicaCount';
  const count = reading.count(key);
  reading.say(
    key,
    count === undefined || count === 1
      ? { verdict: 'default', why: 'One primary.' }
      : {
          verdict: 'not-possible',
          why:
            count === 0
              ? 'A stack has a primary of its own; copy the data over before clients move.'
              : 'Several primaries without a cluster share no data: give each a stack of its own, or choose topology.kind cluster.',
        },
  );
}

function readSentinel(reading: Reading, watched: boolean): Topology {
  const pods = reading.count('replica.replicaCount') ?? 3;
  // With Sentinel the chart counts the primary among them, without it has a pod of its own.
  const wanted = watched ? pods - 1 : pods;
  const replicas = Math.min(MOST_REPLICAS, Math.max(1, wanted));
  const sentinels = watched ? oddBelow(pods) : 3;
  const kind = watched
    ? 'A primary, replicas, and Sentinels that fail over.'
    : 'Replication without failover does not exist here: Sentinels are added.';
  reading.takeOrImply('architecture', 'topology.kind', 'sentinel', {
    given: kind,
    not: `The chart replicates unless it is told otherwise. ${kind}`,
  });
  reading.take('sentinel.enabled', 'topology.kind', 'sentinel', failover(watched));
  const why = replicasWhy(watched, pods, wanted);
  reading.takeOrImply('replica.replicaCount', 'topology.replicas', replicas, {
    given: why,
    not: `The chart has replicaCount 3. ${why}`,
  });
  return { kind: 'sentinel', replicas, sentinels, quorum: readQuorum(reading, sentinels) };
}

function failover(watched: boolean): string {
  return watched
    ? 'They run in pods of their own, not beside the servers.'
    : 'Sentinels are added all the same: without them nothing takes over when the primary is lost.';
}

function replicasWhy(watched: boolean, pods: number, wanted: number): string {
  if (wanted < 1) return 'One is the least: there is nothing to fail over to without it.';
  if (wanted > MOST_REPLICAS) return `${MOST_REPLICAS} is the most that a stack has.`;
  return watched
    ? `The chart's ${pods} pods are the primary and ${wanted} of these; ${oddBelow(pods)} Sentinels beside them.`
    : 'Beside the primary.';
}

/** As many Sentinels as pods, but an odd number of three at least: an even one bears no more losses. */
function oddBelow(pods: number): number {
  const odd = pods % 2 === 0 ? pods - 1 : pods;
  return Math.min(MOST_SENTINELS, Math.max(3, odd));
}

function readQuorum(reading: Reading, sentinels: number): number {
  const majority = Math.floor(sentinels / 2) + 1;
  const asked = reading.count('sentinel.quorum');
  const quorum = Math.min(sentinels, Math.max(majority, asked ?? majority));
  const why = `From a majority of the ${sentinels} Sentinels to all of them.`;
  const given = quorum === asked ? `Of ${sentinels} Sentinels.` : why;
  reading.takeOrImply('sentinel.quorum', 'topology.quorum', quorum, { given, not: why });
  return quorum;
}

function readCluster(reading: Reading): Topology {
  const nodes = reading.count('cluster.nodes') ?? 6;
  const perPrimary = reading.count('cluster.replicas') ?? 1;
  const shards = Math.floor(nodes / (perPrimary + 1));
  if (shards < 3) {
    reading.refuse(
      reading.given('cluster.nodes') === undefined ? 'cluster.replicas' : 'cluster.nodes',
      `does not go: ${nodes} nodes at replicas ${perPrimary} leave ${shards} primaries, and a cluster needs 3.`,
      'nodes counts the replicas too: at least 3 × (replicas + 1).',
      'import/contradiction',
    );
    return { kind: 'cluster' };
  }
  const replicas = Math.min(MOST_REPLICAS, perPrimary);
  const most = Math.min(MOST_SHARDS, shards);
  const left = nodes - shards * (perPrimary + 1);
  const why = shardsWhy({ nodes, perPrimary, shards, left });
  reading.takeOrImply('cluster.nodes', 'topology.shards', most, {
    given: why,
    not: `The chart has 6 nodes: ${why}`,
  });
  const each =
    replicas === perPrimary ? 'For each primary.' : `${MOST_REPLICAS} is the most that a primary has.`;
  reading.takeOrImply('cluster.replicas', 'topology.replicas', replicas, {
    given: each,
    not: 'The chart has one for each primary.',
  });
  return { kind: 'cluster', shards: most, replicas };
}

interface Shards {
  readonly nodes: number;
  readonly perPrimary: number;
  readonly shards: number;
  readonly left: number;
}

function shardsWhy({ nodes, perPrimary, shards, left }: Shards): string {
  if (shards > MOST_SHARDS)
    return `${MOST_SHARDS} is the most, and the file asks for ${shards}: give each node more memory.`;
  const made = `${nodes} nodes are ${shards} primaries and ${perPrimary} replicas of each`;
  return left === 0
    ? `${made}.`
    : `${made}; ${left} more would be spare replicas, which shards here do not have.`;
}

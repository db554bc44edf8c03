import type { Facts, NodeFacts, SentinelFacts } from '../facts.ts';
import { primaries, replicas } from '../read-facts.ts';
import type { ChecklistItem } from '../types.ts';

type Answered = ReturnType<ChecklistItem['answer']>;

export const highAvailability: ChecklistItem = {
  id: 'high-availability',
  question: 'Does the service go on when a node is lost?',
  why: 'A single node takes the service with it. A replica has the data, and Sentinels or a cluster put it in charge without a person.',
  answer(facts) {
    if (facts.nodes.every(({ role }) => role === undefined)) {
      return { answer: 'unseen', evidence: ['No node told its role.'] };
    }
    if (isCluster(facts)) return ofCluster(facts);
    if (facts.sentinels.length > 0) return ofSentinels(facts);
    return withoutSentinels(facts);
  },
};

const isCluster = ({ nodes, model }: Facts): boolean =>
  nodes.some(({ cluster, info }) => cluster !== undefined || info?.cluster_enabled === '1') ||
  model?.joins === true;

/** What this node says of its peers, else which nodes were met. */
function ofCluster(facts: Facts): Answered {
  const told = facts.nodes.find(({ cluster }) => cluster !== undefined)?.cluster?.nodes;
  if (told === undefined || told.length === 0) return ofPlannedCluster(facts);
  const bare = told
    .filter(({ slots }) => slots > 0)
    .filter(({ id }) => !told.some((one) => one.primaryId === id && one.linkUp));
  const shards = told.filter(({ slots }) => slots > 0).length;
  if (shards === 0) return { answer: 'no', evidence: ['cluster nodes: no node serves a slot'] };
  if (shards < 3) {
    return {
      answer: 'no',
      evidence: [
        `cluster nodes: ${shards} primaries; with fewer than three there is no majority to fail over`,
      ],
    };
  }
  if (bare.length === 0) {
    return { answer: 'yes', evidence: [`cluster nodes: each of ${shards} primaries has a replica in touch`] };
  }
  return {
    answer: 'no',
    evidence: bare.map(({ at }) => `${at.host}:${at.port}: no replica in touch`),
  };
}

function ofPlannedCluster(facts: Facts): Answered {
  const topology = facts.model?.spec.topology;
  if (topology?.kind !== 'cluster') {
    return { answer: 'unseen', evidence: ['CLUSTER NODES was not answered.'] };
  }
  return {
    answer: topology.replicas > 0 && topology.shards >= 3 ? 'yes' : 'no',
    evidence: [`topology.shards: ${topology.shards}`, `topology.replicas: ${topology.replicas}`],
  };
}

function ofSentinels(facts: Facts): Answered {
  const { sentinels, model } = facts;
  const evidence = sentinels.slice(0, 5).map(sentinelWords);
  const quorum = Math.max(...sentinels.map((one) => one.quorum));
  const reached = sentinels.filter(({ quorumOk }) => quorumOk !== false).length;
  const planned =
    facts.source === 'spec' && model?.spec.topology.kind === 'sentinel' && model.spec.topology.replicas > 0;
  const followed =
    planned || sentinels.some((one) => one.replicas.some(inTouch)) || replicas(facts).some(linked);
  if (!followed) return { answer: 'no', evidence: [...evidence, 'No replica is in touch.'] };
  const enough = sentinels.length >= quorum && reached > sentinels.length / 2 && sentinels.length >= 3;
  return { answer: enough ? 'yes' : 'no', evidence };
}

const inTouch = ({ flags }: { readonly flags: readonly string[] }): boolean =>
  !flags.some((flag) => /down|disconnected/.test(flag));

const linked = ({ info }: NodeFacts): boolean => info?.master_link_status === 'up';

const sentinelWords = ({ name, quorum, quorumOk, replicas: known, others }: SentinelFacts): string =>
  `${name}: quorum ${quorum}${quorumOk === undefined ? '' : quorumOk ? ', can be reached' : ', cannot be reached'}, ${known.length} replicas, ${others.length} other Sentinels`;

/** From a data node alone it cannot be told whether Sentinels watch it, unless the stack is ours. */
function withoutSentinels(facts: Facts): Answered {
  const connected = primaries(facts).map(
    (node) => `${node.name}: connected_slaves:${node.info?.connected_slaves ?? '?'}`,
  );
  const followed =
    replicas(facts).length > 0 ||
    primaries(facts).some(({ info }) => Number(info?.connected_slaves ?? 0) > 0);
  if (!followed) return { answer: 'no', evidence: [...connected, 'No replica.'] };
  if (facts.model && facts.model.sentinel === undefined) {
    return { answer: 'no', evidence: [...connected, 'Nobody puts a replica in charge.'] };
  }
  return {
    answer: 'unseen',
    evidence: [...connected, 'Whether Sentinels watch is known to Sentinels only: give the address of one.'],
  };
}

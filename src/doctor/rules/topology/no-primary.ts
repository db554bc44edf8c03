import { place } from '../../../redis/ask.ts';
import type { Facts } from '../../facts.ts';
import { primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { clusterView, isCluster, isDown, nodeAt, servingPrimaries, watches } from './members.ts';

export const noPrimary: Rule = {
  id: 'no-primary',
  group: 'topology',
  severity: 'error',
  title: 'Nobody takes writes',
  looksAt: ['INFO role, master_link_status', 'SENTINEL MASTER flags', 'CLUSTER NODES flags'],
  why: 'Without a primary every write fails, and in a cluster every read of its slots too.',
  fix: 'Bring the primary back, or let a replica take over: Sentinel and Cluster do it by themselves where a majority is left.',
  sources: [
    'https://valkey.io/topics/sentinel',
    'https://valkey.io/commands/cluster-nodes',
    'https://valkey.io/topics/replication',
  ],
  find: (facts) => {
    if (facts.source === 'spec') return [];
    const watched = [...unreached(facts), ...misnamed(facts)];
    return [...(watched.length > 0 ? watched : headless(facts)), ...failedShards(facts)];
  },
};

function unreached(facts: Facts): readonly Found[] {
  return watches(facts).flatMap(({ primaryName, sentinels }) => {
    const without = sentinels.filter(isDown);
    const [first] = without;
    if (!first) return [];
    const agreed = without.length * 2 > sentinels.length || first.flags.includes('o_down');
    return [
      {
        severity: agreed ? 'error' : 'warning',
        at: primaryName,
        message: `${without.length} of ${many(sentinels.length, 'Sentinel')} cannot reach the primary ${place(first.primary)}.`,
        evidence: without.map(({ name, flags }) => `${name}: flags=${flags.join(',')}`),
        remedy: agreed
          ? `Look at the log of ${place(first.primary)} and bring it back. \`SENTINEL CKQUORUM ${primaryName}\` says whether a failover can happen, \`SENTINEL FAILOVER ${primaryName}\` forces one.`
          : `Look at the network between ${inWords(without.map(({ name }) => name))} and the primary.`,
      },
    ];
  });
}

/** Sentinels lead clients to a node that takes no writes. */
function misnamed(facts: Facts): readonly Found[] {
  return watches(facts).flatMap(({ primaryName, sentinels }) => {
    const wrong = sentinels.filter(({ primary }) => nodeAt(facts, primary)?.role === 'replica');
    const [first] = wrong;
    if (!first) return [];
    return [
      {
        at: primaryName,
        message: `${wrong.length} of ${many(sentinels.length, 'Sentinel')} lead clients to ${place(first.primary)}, which is a replica and refuses writes.`,
        evidence: wrong.map(({ name, primary }) => `${name}: ip:port=${place(primary)}`),
        remedy: `Ask again in a minute: a failover may be on its way. If it stays so, \`SENTINEL FAILOVER ${primaryName}\` on a Sentinel settles who is primary.`,
      },
    ];
  });
}

/** No Sentinel to ask, no cluster: only what replicas say. One whose link is up has a primary that was not reached from here. */
function headless(facts: Facts): readonly Found[] {
  const { nodes } = facts;
  if (isCluster(facts) || nodes.length === 0 || primaries(facts).length > 0) return [];
  if (nodes.some(({ role, info }) => role === undefined || info?.master_link_status !== 'down')) return [];
  const wanted = nodes.map(({ info }) => `${info?.master_host}:${info?.master_port}`);
  return [
    {
      at: facts.asked,
      message: `${many(nodes.length, 'replica')} answered and no primary: ${inWords(wanted)} is out of reach for ${nodes.length === 1 ? 'it' : 'them'} as well.`,
      evidence: nodes.map(({ name }) => `${name}: role:slave master_link_status:down`),
      remedy:
        'Bring the primary back. If it is lost, `REPLICAOF NO ONE` on the replica with the highest master_repl_offset makes that the primary; point the others at it.',
    },
  ];
}

function failedShards(facts: Facts): readonly Found[] {
  const view = clusterView(facts);
  return servingPrimaries(view?.cluster)
    .filter(({ flags }) => flags.includes('fail'))
    .map(({ id, at, slots }) => {
      const left = view?.cluster.nodes.filter(
        ({ primaryId, flags }) => primaryId === id && !flags.includes('fail'),
      );
      return {
        at: place(at),
        message: `The primary of ${slots} slots has failed and no replica has taken over.`,
        evidence: [`${view?.node.name}: ${id} ${place(at)} flags=master,fail slots=${slots}`],
        remedy: left?.length
          ? `Look at the logs of its replicas ${inWords(left.map((one) => place(one.at)))}. \`CLUSTER FAILOVER TAKEOVER\` on one of them takes over without the majority.`
          : 'It has no replica that answers: bring the node back with its data folder.',
      };
    });
}

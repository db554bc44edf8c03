import { place } from '../../../redis/ask.ts';
import type { Facts } from '../../facts.ts';
import { isCache } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { clusterView, isDown, servingPrimaries, watches } from './members.ts';

export const shardWithoutReplica: Rule = {
  id: 'shard-without-replica',
  group: 'topology',
  severity: 'warning',
  title: 'A primary that nobody can replace',
  looksAt: ['CLUSTER NODES', 'SENTINEL REPLICAS'],
  why: 'When it is lost there is nothing to fail over to, and what was written since the last backup is gone with its disk.',
  fix: 'Add a replica to every primary.',
  sources: ['https://valkey.io/topics/cluster-tutorial', 'https://valkey.io/topics/sentinel'],
  find: (facts) => (facts.source === 'spec' ? [] : [...inCluster(facts), ...underSentinel(facts)]),
};

function inCluster(facts: Facts): readonly Found[] {
  const view = clusterView(facts);
  // One that has failed is the finding of another rule.
  const serving = servingPrimaries(view?.cluster).filter(({ flags }) => !flags.includes('fail'));
  const alone = serving.filter(
    ({ id }) => !view?.cluster.nodes.some((one) => one.primaryId === id && !isDown(one)),
  );
  if (!view || alone.length === 0) return [];
  const { topology } = facts.model?.spec ?? {};
  const chosen = topology?.kind === 'cluster' && topology.replicas === 0;
  const all =
    alone.length === serving.length ? 'No shard' : `${alone.length} of ${many(serving.length, 'shard')}`;
  return [
    {
      severity: chosen || isCache(facts) ? 'note' : 'warning',
      at: facts.asked,
      message:
        alone.length === serving.length
          ? `${all} has a replica: the loss of one node takes its slots out of service.`
          : `${all} ${alone.length === 1 ? 'has' : 'have'} no replica that answers: ${inWords(alone.map(({ at }) => place(at)))}.`,
      evidence: alone.map(({ id, at, slots }) => `${view.node.name}: ${id} ${place(at)} slots=${slots}`),
      remedy: facts.model
        ? 'Set topology.replicas to 1 and run `create-redis-stack update`, or start the replicas that are down.'
        : 'Start the replicas that are down, or add one: `redis-cli --cluster add-node <new> <known> --cluster-slave`.',
      fixes: chosen
        ? [
            {
              kind: 'spec',
              path: 'topology.replicas',
              value: '1',
              effect: 'Each shard survives the loss of a node.',
            },
          ]
        : [],
    },
  ];
}

function underSentinel(facts: Facts): readonly Found[] {
  return watches(facts).flatMap(({ primaryName, sentinels }) => {
    const known = sentinels.flatMap(({ replicas }) => replicas);
    if (known.some((replica) => !isDown(replica))) return [];
    return [
      {
        at: primaryName,
        message:
          known.length === 0
            ? 'Sentinel watches a primary that has no replica: there is nothing to fail over to.'
            : `None of its replicas answers Sentinel: there is nothing to fail over to.`,
        evidence: sentinels.map(
          ({ name, replicas }) =>
            `${name}: ${replicas.map(({ at, flags }) => `${place(at)} flags=${flags.join(',')}`).join(' ') || 'num-slaves=0'}`,
        ),
        remedy: 'Start the replicas, or add one with `REPLICAOF <host> <port>`; Sentinel finds it by itself.',
      },
    ];
  });
}

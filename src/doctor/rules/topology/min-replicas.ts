import type { Facts, NodeFacts } from '../../facts.ts';
import { isCache, number, primaries, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { followersOf, isCluster, replicasOf } from './members.ts';

export const minReplicas: Rule = {
  id: 'min-replicas',
  group: 'topology',
  severity: 'error',
  title: 'Writes that a failover loses, or that are refused',
  looksAt: [
    'CONFIG GET min-replicas-to-write, min-replicas-max-lag',
    'INFO min_slaves_good_slaves, slave<n>',
  ],
  why: 'A primary that is cut off goes on taking writes until it learns that another has taken over, and then throws them away. With min-replicas-to-write it stops after some seconds.',
  fix: 'With two replicas or more set min-replicas-to-write to 1 and min-replicas-max-lag to 10.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/topics/sentinel'],
  find: (facts) => primaries(facts).flatMap((node) => [...refusing(node), ...unbounded(facts, node)]),
};

function refusing(node: NodeFacts): readonly Found[] {
  const wanted = Number(setting(node, 'min-replicas-to-write') ?? 0);
  const maxLag = Number(setting(node, 'min-replicas-max-lag') ?? 10);
  const online = followersOf(node).filter(
    ({ state, lagSeconds }) => state === 'online' && lagSeconds <= maxLag,
  ).length;
  const good = number(node.info, 'min_slaves_good_slaves') ?? (node.info ? online : wanted);
  if (wanted === 0 || maxLag === 0 || good >= wanted) return [];
  return [
    {
      at: node.name,
      message: `It refuses every write (NOREPLICAS): it wants ${many(wanted, 'replica')} in good order and has ${good}.`,
      evidence: [
        `min-replicas-to-write=${wanted}`,
        `min-replicas-max-lag=${maxLag}`,
        `min_slaves_good_slaves:${good}`,
        `connected_slaves:${node.info?.connected_slaves}`,
      ],
      remedy:
        'Bring the replicas back. Until then `CONFIG SET min-replicas-to-write 0` lets writes through, which a failover may lose.',
      fixes: [
        {
          kind: 'command',
          at: node.name,
          words: ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
          // Service comes back at the price of a promise: a person decides.
          live: false,
          effect: 'Writes are taken again, without a replica that has them.',
        },
      ],
    },
  ];
}

/** In a cluster a primary that does not see the majority stops by itself. One replica alone may restart. */
function unbounded(facts: Facts, node: NodeFacts): readonly Found[] {
  const replicas = replicasOf(facts, node).length;
  if (isCluster(facts) || replicas < 2 || isCache(facts) !== false) return [];
  if (setting(node, 'min-replicas-to-write') !== '0') return [];
  const watched = facts.sentinels.length > 0;
  return [
    {
      severity: watched ? 'warning' : 'note',
      at: node.name,
      message: `It goes on taking writes when it is cut off from all of its ${replicas} replicas${watched ? ', and a failover loses them' : ''}.`,
      evidence: ['min-replicas-to-write=0', `replicas: ${replicas}`],
      remedy:
        'Set min-replicas-to-write to 1 on every node, so that any primary bounds the loss to min-replicas-max-lag seconds.',
      fixes: [node, ...replicasOf(facts, node)].map(({ name }) => ({
        kind: 'command',
        at: name,
        words: ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
        live: true,
        effect: 'A primary without any replica that keeps up refuses writes.',
      })),
    },
  ];
}

import { place } from '../../../redis/ask.ts';
import type { NodeFacts } from '../facts.ts';
import { type Rule, stops, warns } from '../types.ts';

/** A server that cannot write its own data must not be left by its last healthy copy. */
export const persistenceWorks: Rule = ({ facts }) =>
  facts.nodes.flatMap(({ at, persistence }) => {
    if (!persistence) return [];
    const failed = [
      ...(persistence.lastSave === 'err' ? ['its last snapshot (rdb_last_bgsave_status)'] : []),
      ...(persistence.logEnabled && persistence.lastRewrite === 'err'
        ? ['the last rewrite of its log (aof_last_bgrewrite_status)']
        : []),
      ...(persistence.logEnabled && persistence.lastLogWrite === 'err'
        ? ['its last write to the log (aof_last_write_status)']
        : []),
    ];
    return failed.length === 0
      ? []
      : [
          stops(
            'persistence-failing',
            place(at),
            `Failed: ${failed.join(', ')}. A copy begins with the same work.`,
            'Look at its log: mostly the disk is full or the memory too small for a fork. Then run BGSAVE and see it succeed.',
          ),
        ];
  });

/** Not yet there, or busy with the disk. */
export const serversReady: Rule = ({ facts }) =>
  facts.nodes.flatMap(({ at, persistence }) => {
    if (persistence?.loading)
      return [
        stops('loading', place(at), 'It is still loading its data.', 'Wait until `status` shows it up.'),
      ];
    if (!persistence || !(persistence.saving || persistence.rewriting)) return [];
    return [
      warns(
        'disk-busy',
        place(at),
        `It is ${persistence.saving ? 'writing a snapshot' : 'rewriting its log'}; a copy waits until that is done.`,
        'Wait a little, or go on: it takes that much longer.',
      ),
    ];
  });

/** A cluster moves only while it is whole. */
export const clusterWhole: Rule = ({ facts }) => facts.nodes.flatMap(clusterTrouble);

function clusterTrouble({ at, cluster }: NodeFacts) {
  if (!cluster) return [];
  const whole = cluster.state === 'ok' && cluster.slotsOk === 16_384;
  return [
    ...(whole
      ? []
      : [
          stops(
            'cluster-down',
            place(at),
            `It calls the cluster ${cluster.state}, and ${cluster.slotsOk} of 16384 slots served.`,
            'Bring back the nodes that are missing; `status` shows which.',
          ),
        ]),
    ...(cluster.openSlots.length === 0
      ? []
      : [
          stops(
            'open-slots',
            place(at),
            `Slots are on the move since an earlier attempt: ${cluster.openSlots.slice(0, 5).join(', ')}${cluster.openSlots.length > 5 ? ` and ${cluster.openSlots.length - 5} more` : ''}.`,
            'Finish that move first: `redis-cli --cluster fix` on one of its nodes.',
          ),
        ]),
  ];
}

/** Connections end at the switch; what waits or listens on them begins anew. */
export const clientsReconnect: Rule = ({ facts, route }) => {
  if (route.switches + route.restarts === 0) return [];
  const sum = (kind: 'blocked' | 'subscribed' | 'watching') =>
    facts.nodes.reduce((all, { clients }) => all + (clients?.[kind] ?? 0), 0);
  const found = [
    [sum('blocked'), 'wait in a blocking command'],
    [sum('subscribed'), 'are subscribed to channels'],
    [sum('watching'), 'are in an optimistic transaction (WATCH)'],
  ] as const;
  const words = found.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  if (words.length === 0) return [];
  return [
    warns(
      'clients-reconnect',
      'CLIENT LIST',
      `Of the clients, ${words.join(', ')}. Their connections end at the switch; messages published in between reach nobody.`,
      'The generated client waits, listens and tries again by itself. Make sure that other clients do.',
    ),
  ];
};

import { place } from '../../../redis/ask.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { isCluster, nodeAt, type Watch, watches } from './members.ts';

export const twoPrimaries: Rule = {
  id: 'two-primaries',
  group: 'topology',
  severity: 'error',
  title: 'Two primaries of the same data',
  looksAt: ['INFO role, master_replid, master_replid2', 'SENTINEL MASTER ip, port'],
  why: 'Each takes writes that the other never sees. When one becomes a replica of the other, all that it took meanwhile is thrown away.',
  fix: 'Decide which one holds the data to keep, stop writes to the other, save what only the other has, then make it a replica.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/replication'],
  find: (facts) => {
    if (facts.source === 'spec') return [];
    const groups = watches(facts);
    if (groups.length > 0)
      return groups.flatMap((watch) => [...disagreeing(watch), ...claiming(facts, watch)]);
    if (isCluster(facts)) return [];
    return facts.model ? several(facts.asked, primaries(facts)) : related(facts);
  },
};

function disagreeing({ primaryName, sentinels }: Watch): readonly Found[] {
  const named = new Set(sentinels.map(({ primary }) => place(primary)));
  if (named.size < 2) return [];
  return [
    {
      at: primaryName,
      message: `Sentinels name ${named.size} different primaries: ${inWords([...named])}.`,
      evidence: sentinels.map(({ name, primary }) => `${name}: ip:port=${place(primary)}`),
      remedy: `Clients write to either, depending on whom they ask. Give it a minute after a failover; then \`SENTINEL RESET ${primaryName}\` on the Sentinels that are wrong, or \`SENTINEL REMOVE\` and \`SENTINEL MONITOR\` there.`,
    },
  ];
}

function claiming(facts: Facts, { primaryName, sentinels }: Watch): readonly Found[] {
  const known = sentinels.flatMap(({ primary, replicas }) => [primary, ...replicas.map(({ at }) => at)]);
  const members = new Set(known.map((at) => nodeAt(facts, at)));
  return several(
    primaryName,
    primaries(facts).filter((node) => members.has(node)),
  );
}

function several(at: string, nodes: readonly NodeFacts[], severity?: Found['severity']): readonly Found[] {
  if (nodes.length < 2) return [];
  const names = nodes.map(({ name }) => name);
  return [
    {
      ...(severity ? { severity } : {}),
      at,
      message: `${many(nodes.length, 'node')} say that they are the primary of the same data: ${inWords(names)}.`,
      evidence: nodes.map(
        ({ name, info }) =>
          `${name}: role:master master_replid:${info?.master_replid} master_repl_offset:${info?.master_repl_offset} connected_slaves:${info?.connected_slaves}`,
      ),
      remedy:
        'Stop writes to the one that fewer clients and replicas follow, save what only it has (BGSAVE, and keep the file), then `REPLICAOF <host> <port>` of the other: that empties it first.',
    },
  ];
}

/** One of them was promoted while it followed what the other still is. */
function related(facts: Facts): readonly Found[] {
  const all = primaries(facts);
  const splits = all.flatMap((promoted) =>
    all
      .filter(({ info }) => info?.master_replid && info.master_replid === promoted.info?.master_replid2)
      .map((old) => [promoted, old]),
  );
  return splits.flatMap((pair) => several(facts.asked, pair, 'warning'));
}

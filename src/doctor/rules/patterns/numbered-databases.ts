import type { Facts, NodeFacts } from '../../facts.ts';
import { primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many, percent } from '../../words.ts';
import { allCalls, callsOf } from './calls.ts';

const FEW_SELECTS = 100_000;
const MUCH = 0.1;

export const numberedDatabases: Rule = {
  id: 'numbered-databases',
  group: 'patterns',
  severity: 'note',
  title: 'Several numbered databases in use',
  looksAt: ['db0, db1, ... of INFO keyspace', 'cmdstat_select'],
  why: 'Numbered databases share one process, one maxmemory, one eviction and one set of commands: one can fill or flush the others. Redis Cluster has only one, and clients of a pool that forget SELECT write into the wrong one.',
  fix: 'Tell data apart by prefixes and users by key patterns; what must not disturb one another belongs on servers of its own.',
  sources: ['https://redis.io/docs/latest/commands/select/', 'https://valkey.io/commands/select/'],
  find: (facts) => primaries(facts).flatMap((node) => [...several(facts, node), ...switching(node)]),
};

/** A stack that asks for several has been told what they are. */
function several({ model }: Facts, node: NodeFacts): readonly Found[] {
  const used = Object.entries(node.info ?? {}).filter(([name]) => /^db\d+$/.test(name));
  if (used.length < 2 || (model?.spec.databases ?? 1) > 1) return [];
  return [
    {
      at: node.name,
      message: `${used.length} numbered databases hold keys; they share memory, eviction and time, and a cluster has only one.`,
      evidence: used.slice(0, 8).map(([name, said]) => `${name}:${said}`),
      remedy: 'Use prefixes in one database, or a server each where data must not disturb one another.',
    },
  ];
}

function switching(node: NodeFacts): readonly Found[] {
  const selects = callsOf(node, 'select');
  const share = selects === 0 ? 0 : selects / allCalls(node);
  if (selects < FEW_SELECTS || share < MUCH) return [];
  return [
    {
      at: node.name,
      message: `${percent(share)} of all commands, ${many(selects, 'call')}, are SELECT: clients switch back and forth.`,
      evidence: [`cmdstat_select:calls=${selects}`, `all commands: ${count(allCalls(node))}`],
      remedy: 'Keep a connection for each database, or use prefixes in one.',
    },
  ];
}

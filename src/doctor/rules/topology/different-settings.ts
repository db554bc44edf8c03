import type { Facts, NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, TO_THE_FILES } from '../../words.ts';

/** What a node holds or refuses depends on these: after a failover the service is another one. */
const DECISIVE = [
  'maxmemory',
  'maxmemory-policy',
  'appendonly',
  'save',
  'databases',
  'requirepass',
  'cluster-node-timeout',
  'cluster-require-full-coverage',
  'notify-keyspace-events',
];

const OTHERS = [
  'appendfsync',
  'auto-aof-rewrite-percentage',
  'client-output-buffer-limit',
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'lazyfree-lazy-eviction',
  'lazyfree-lazy-user-del',
  'list-max-listpack-size',
  'maxclients',
  'maxmemory-clients',
  'min-replicas-max-lag',
  'min-replicas-to-write',
  'proto-max-bulk-len',
  'repl-backlog-size',
  'repl-timeout',
  'set-max-intset-entries',
  'set-max-listpack-entries',
  'stop-writes-on-bgsave-error',
  'tcp-keepalive',
  'timeout',
  'zset-max-listpack-entries',
  'zset-max-listpack-value',
];

export const differentSettings: Rule = {
  id: 'different-settings',
  group: 'topology',
  severity: 'warning',
  title: 'Nodes with different settings',
  looksAt: ['CONFIG GET *'],
  why: 'Any node may be the primary tomorrow. With other limits or another persistence the service then behaves differently, at the worst moment.',
  fix: 'Decide on one value and set it on every node, with CONFIG SET and in its configuration file.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/commands/config-get'],
  find: (facts) => {
    const nodes = facts.nodes.filter(({ settings }) => settings !== undefined);
    if (facts.source === 'spec' || nodes.length < 2) return [];
    return [...compare(facts, nodes, DECISIVE, 'warning'), ...compare(facts, nodes, OTHERS, 'note')];
  },
};

function compare(
  facts: Facts,
  nodes: readonly NodeFacts[],
  names: readonly string[],
  severity: 'warning' | 'note',
): readonly Found[] {
  const different = names.filter((name) => valuesOf(nodes, name).length > 1);
  if (different.length === 0) return [];
  return [
    {
      severity,
      at: facts.asked,
      message: `${nodes.length} nodes differ in ${inWords(different)}.`,
      evidence: different.flatMap((name) =>
        valuesOf(nodes, name).map(
          (value) =>
            `${name}=${value || '""'}: ${inWords(having(nodes, name, value).map((one) => one.name))}`,
        ),
      ),
      remedy: facts.model
        ? TO_THE_FILES
        : `Set the same on all: \`CONFIG SET ${different[0]} <value>\`, then \`CONFIG REWRITE\`.`,
    },
  ];
}

/** Where a node does not have a setting, nothing is compared: it is of another release. */
function valuesOf(nodes: readonly NodeFacts[], name: string): readonly string[] {
  const values = nodes.map(({ settings }) => settings?.[name]);
  return values.includes(undefined) ? [] : [...new Set(values.map(String))];
}

const having = (nodes: readonly NodeFacts[], name: string, value: string): readonly NodeFacts[] =>
  nodes.filter(({ settings }) => settings?.[name] === value);

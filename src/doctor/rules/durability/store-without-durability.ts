import { countKeys } from '../../../redis/replies.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { primaries, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs, mustLast, persists } from './persistence.ts';

/** Fewer are a test. */
const LEAST_KEYS = 1000;
/** Of all keys; a cache that forgot its TTLs has a policy that evicts. */
const SHARE_WITHOUT_TTL = 0.5;

export const storeWithoutDurability: Rule = {
  id: 'store-without-durability',
  group: 'durability',
  severity: 'warning',
  title: 'A primary store that keeps too little on disk',
  looksAt: [
    'CONFIG GET save, appendonly, maxmemory-policy',
    'INFO db<n>: keys, expires',
    'workload and persistence.mode of redis-stack.yaml',
  ],
  why: 'Data that exists nowhere else is gone with a restart, or back to the last snapshot with a crash.',
  fix: 'Switch on the append-only file (`appendonly yes`, `appendfsync everysec`): at most about a second of writes is then at risk.',
  sources: [
    'https://valkey.io/topics/persistence',
    'https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/',
  ],
  find: (facts) => (facts.model ? decided(facts) : seen(facts)),
};

function decided({ model }: Facts): readonly Found[] {
  if (!model) return [];
  const { workload, persistence } = model.spec;
  const lasting = workload.filter((one) => one === 'primary-data' || one === 'queue');
  if (lasting.length === 0 || persistence.mode === 'aof' || persistence.mode === 'hybrid') return [];
  const nothing = persistence.mode === 'none';
  return [
    {
      severity: nothing ? 'warning' : 'note',
      at: 'persistence.mode',
      message: nothing
        ? `It is for ${lasting.join(' and ')} and keeps nothing on disk: a restart of all nodes loses everything.`
        : `It is for ${lasting.join(' and ')} and writes snapshots alone: a crash loses up to an hour of changes.`,
      evidence: [`persistence.mode: ${persistence.mode}`, `workload: ${workload.join(', ')}`],
      remedy: 'Set persistence.mode to hybrid.',
      fixes: [
        {
          kind: 'spec',
          path: 'persistence.mode',
          value: 'hybrid',
          effect: 'Every write is logged, and about a second of them is at risk.',
        },
      ],
    },
  ];
}

/** Of servers of others: data that stays by policy and has no TTL, and no node that keeps it. */
function seen(facts: Facts): readonly Found[] {
  if (!mustLast(facts) || facts.nodes.some((node) => logs(node) !== false)) return [];
  const kept = facts.nodes.some((node) => persists(node) !== false);
  return kept ? [] : primaries(facts).flatMap(judge);
}

function judge(node: NodeFacts): readonly Found[] {
  const { info } = node;
  const keys = countKeys(info ?? {});
  const expires = expiring(info ?? {});
  const staying = keys - expires;
  if (keys < LEAST_KEYS || staying < keys * SHARE_WITHOUT_TTL) return [];
  return [
    {
      at: node.name,
      message: `${staying} of ${keys} keys never expire, none may be evicted, and nothing is written to disk: a restart loses them all.`,
      evidence: [
        ...Object.entries(info ?? {}).flatMap(([name, value]) =>
          /^db\d+$/.test(name) ? [`${name}:${value}`] : [],
        ),
        `maxmemory-policy=${setting(node, 'maxmemory-policy')}`,
        'appendonly=no',
        'save=""',
      ],
      remedy:
        'If they can be made again from elsewhere, give them a TTL and a policy that evicts. If not, `CONFIG SET appendonly yes` and write it to the configuration file.',
      fixes: [
        {
          kind: 'command',
          at: node.name,
          words: ['CONFIG', 'SET', 'appendonly', 'yes'],
          // It forks and fills a disk that nobody planned for.
          live: false,
          effect: 'All data is written to a log in the background, and every write from then on.',
        },
      ],
    },
  ];
}

/** Keys with a TTL in all databases. */
function expiring(info: Readonly<Record<string, string>>): number {
  return Object.entries(info)
    .filter(([name]) => /^db\d+$/.test(name))
    .reduce((sum, [, value]) => sum + Number(/expires=(\d+)/.exec(value)?.[1] ?? 0), 0);
}

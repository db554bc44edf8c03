import type { Facts, KeyGroup, KeySample, NodeFacts } from '../../facts.ts';
import { isCache, number, primaries, setting } from '../../read-facts.ts';
import { extrapolateCount } from '../../statistics.ts';
import type { Fix, Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';
import { keeps } from './keeps.ts';
import { keysAndTtls } from './ttls.ts';

const FEW_KEYS = 1000;
const SOME = 0.05;
const MANY = 0.5;

export const noTtlInACache: Rule = {
  id: 'no-ttl-in-a-cache',
  group: 'keys',
  severity: 'warning',
  title: 'Keys without a TTL in a cache',
  looksAt: ['keys and expires of INFO keyspace', 'SCAN, PTTL', 'maxmemory-policy'],
  why: 'A cached value without a TTL is given out until it is evicted, however old it is, and keeps memory from what is asked for. Under a volatile policy it is never evicted: memory fills up and writes fail.',
  fix: 'Write with a TTL (SET ... EX, HEXPIRE, EXPIRE in the same pipeline), with a random part so that not all end at once.',
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://valkey.io/topics/lru-cache/',
    'https://redis.io/docs/latest/commands/expire/',
  ],
  find: (facts) => (isCache(facts) === true ? primaries(facts).flatMap((node) => findOn(facts, node)) : []),
};

function findOn(facts: Facts, node: NodeFacts): readonly Found[] {
  const { keys, expires } = keysAndTtls(node);
  const without = keys - expires;
  if (keys < FEW_KEYS || without / keys < SOME) return [];
  const policy = setting(node, 'maxmemory-policy') ?? '';
  const stuck = !policy.startsWith('allkeys');
  // Keys that are kept on disk and never evicted may be there to stay, beside a cache.
  const mixed = stuck && !facts.model && keeps(node) !== false;
  const costly = stuck || without / keys >= MANY;
  return [
    {
      severity: costly && !mixed ? 'warning' : 'note',
      at: node.name,
      message: `${count(without)} of ${count(keys)} keys (${percent(without / keys)}) have no TTL, ${meaning(policy, stuck, mixed)}.`,
      evidence: evidenceOf(node, policy),
      remedy: `Give the keys of ${worstOf(node.keys)} a TTL where they are written${mixed ? ', unless they are to stay' : ''}.`,
      fixes: stuck && !mixed ? [evictAny(facts, node)] : [],
    },
  ];
}

const evidenceOf = (node: NodeFacts, policy: string): readonly string[] => [
  ...Object.entries(node.info ?? {})
    .filter(([name]) => /^db\d+$/.test(name))
    .map(([name, said]) => `${name}:${said}`),
  `maxmemory_policy:${policy}`,
  `maxmemory:${number(node.info, 'maxmemory') ?? '?'}`,
  ...(node.keys ? byPrefix(node.keys) : []),
];

function meaning(policy: string, stuck: boolean, mixed: boolean): string {
  if (mixed)
    return `and ${policy} never evicts them: right for data that is to stay, wrong for cached values`;
  if (stuck) return `and ${policy} never evicts them: when memory is full, writes fail`;
  return 'and stay until they are evicted, however old they are';
}

function evictAny({ model }: Facts, node: NodeFacts): Fix {
  const effect = 'Any key may be evicted when memory is full, the least recently used ones first.';
  return model
    ? { kind: 'spec', path: 'memory.eviction', value: 'allkeys-lru', effect }
    : {
        kind: 'command',
        at: node.name,
        words: ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
        live: false,
        effect,
      };
}

const withoutTtl = ({ groups }: KeySample): readonly KeyGroup[] =>
  [...groups].filter((group) => group.withoutTtl > 0).sort((a, b) => b.withoutTtl - a.withoutTtl);

const byPrefix = (sample: KeySample): readonly string[] =>
  withoutTtl(sample)
    .slice(0, 5)
    .map((group) => {
      const { value, plusMinus } = extrapolateCount(sample, group.withoutTtl);
      const about = plusMinus === 0 ? count(value) : `about ${count(value)} ± ${count(plusMinus)}`;
      return `"${group.prefix}" (${group.type}): ${about} without a TTL`;
    });

function worstOf(sample: KeySample | undefined): string {
  const forms = sample ? withoutTtl(sample).map(({ prefix }) => `"${prefix}"`) : [];
  const worst = [...new Set(forms)].slice(0, 3);
  return worst.length === 0 ? 'the forms that have none' : worst.join(', ');
}

import type { NodeFacts } from '../../facts.ts';
import { number, primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';
import { keysAndTtls } from './ttls.ts';

const FEW_KEYS = 10_000;
/** The server itself leaves up to a tenth at the least effort. */
const SOME_PERCENT = 12;
const MANY_PERCENT = 25;

export const expiredKeysPileUp: Rule = {
  id: 'expired-keys-pile-up',
  group: 'keys',
  severity: 'warning',
  title: 'Expired keys that still take memory',
  looksAt: [
    'expired_stale_perc',
    'expired_time_cap_reached_count',
    'expires of INFO keyspace',
    'active-expire-effort',
  ],
  why: 'An expired key is freed when it is touched or when the server comes across it. Where keys end faster than it looks, or all at one moment, they pile up: memory is full of what nobody can read.',
  fix: 'Spread TTLs by a random part, and raise active-expire-effort.',
  sources: [
    'https://redis.io/docs/latest/commands/expire/',
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
    'https://redis.io/docs/latest/commands/info/',
  ],
  find: (facts) => primaries(facts).flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const stale = number(node.info, 'expired_stale_perc') ?? 0;
  const { expires } = keysAndTtls(node);
  if (stale < SOME_PERCENT || expires < FEW_KEYS) return [];
  const effort = number(node.settings, 'active-expire-effort') ?? 1;
  return [
    {
      severity: stale >= MANY_PERCENT ? 'warning' : 'note',
      at: node.name,
      message: `About ${percent(stale / 100)} of the ${count(expires)} keys with a TTL have expired already and still take memory.`,
      evidence: [
        `expired_stale_perc:${node.info?.expired_stale_perc}`,
        `expired_time_cap_reached_count:${node.info?.expired_time_cap_reached_count ?? '?'}`,
        `active-expire-effort:${effort}`,
      ],
      remedy:
        effort < 10
          ? 'Add a random part to TTLs so that keys do not end together; raise active-expire-effort, which costs processor time.'
          : 'Add a random part to TTLs so that keys do not end together.',
      fixes:
        effort < 10
          ? [
              {
                kind: 'command',
                at: node.name,
                words: ['CONFIG', 'SET', 'active-expire-effort', String(Math.min(10, effort + 3))],
                live: false,
                effect:
                  'The server looks for expired keys more often and longer; it may use more processor time.',
              },
            ]
          : [],
    },
  ];
}

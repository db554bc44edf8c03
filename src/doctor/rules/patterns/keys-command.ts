import type { CommandFacts, Facts, NodeFacts } from '../../facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';
import { duration, many } from '../../words.ts';
import { commandOf, evidenceOf, meanUsec, uptimeSeconds } from './calls.ts';

/** Somebody who looked around once with redis-cli is no pattern. */
const FEW_CALLS = 10;
/** A walk over some thousand keys; above it every call is felt by others. */
const SLOW_USEC = 1000;
const DAY_SECONDS = 86_400;

export const keysCommand: Rule = {
  id: 'keys-command',
  group: 'patterns',
  severity: 'warning',
  title: 'KEYS in use',
  looksAt: ['cmdstat_keys', 'uptime_in_seconds', 'SLOWLOG GET'],
  why: 'KEYS walks over every key of the server in one go, and nobody else is answered meanwhile. Its time grows with the number of keys, so it works in tests and stalls in production.',
  fix: 'Walk with SCAN and a small COUNT, or keep the names that belong together in a set. Take the command away from applications.',
  sources: ['https://redis.io/docs/latest/commands/keys/', 'https://valkey.io/commands/keys/'],
  find: (facts) => facts.nodes.flatMap((node) => findOn(facts, node)),
};

function findOn(facts: Facts, node: NodeFacts): readonly Found[] {
  const keys = commandOf(node, 'keys');
  if (keys === undefined || !(keys.calls >= FEW_CALLS || isSlow(keys))) return [];
  const slow = (node.slow ?? []).filter(({ command }) => command.toLowerCase() === 'keys');
  return [
    {
      severity: isSlow(keys) && isRegular(keys, node) ? 'warning' : 'note',
      at: node.name,
      message: `KEYS has been called ${many(keys.calls, 'time')} and took ${duration(meanUsec(keys))} on average; nobody else is answered meanwhile.`,
      evidence: [
        ...evidenceOf(keys),
        ...slow.slice(0, 3).map(({ first, usec }) => `slowlog: keys ${first ?? '?'} took ${usec} usec`),
      ],
      remedy:
        'Use SCAN with a small COUNT, or keep a set of the names that are looked for; then take KEYS away from the users of applications with `ACL SETUSER <user> -keys`.',
      fixes: fixes(facts),
    },
  ];
}

const isSlow = (keys: CommandFacts): boolean => keys.calls > 0 && meanUsec(keys) >= SLOW_USEC;

/** Once a day or more, or during the look. */
function isRegular({ calls, perSecond }: CommandFacts, node: NodeFacts): boolean {
  const days = Math.max(1, (uptimeSeconds(node) ?? 0) / DAY_SECONDS);
  return calls / days >= 1 || (perSecond ?? 0) > 0;
}

function fixes({ model }: Facts): readonly Fix[] {
  const allow = model?.spec.security.allow ?? [];
  if (!allow.some((name) => name === 'keys')) return [];
  const rest = allow.filter((name) => name !== 'keys');
  return [
    {
      kind: 'spec',
      path: 'security.allow',
      value: `[${rest.join(', ')}]`,
      effect: 'The application may no longer call KEYS.',
    },
  ];
}

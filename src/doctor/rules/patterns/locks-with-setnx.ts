import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { callsOf } from './calls.ts';

const FEW_CALLS = 1000;

export const locksWithSetnx: Rule = {
  id: 'locks-with-setnx',
  group: 'patterns',
  severity: 'note',
  title: 'Locks made with SETNX',
  looksAt: ['cmdstat_setnx', 'cmdstat_expire', 'cmdstat_pexpire'],
  why: 'SETNX sets no TTL. A client that dies between SETNX and EXPIRE leaves a lock that nobody ever releases.',
  fix: 'Use SET key token NX PX milliseconds, and release with a script that compares the token.',
  sources: [
    'https://redis.io/docs/latest/commands/setnx/',
    'https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/',
  ],
  find: ({ nodes }) => nodes.filter(({ role }) => role !== 'replica').flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const setnx = callsOf(node, 'setnx');
  const expires = callsOf(node, 'expire', 'pexpire', 'expireat', 'pexpireat');
  if (setnx < FEW_CALLS) return [];
  return [
    {
      at: node.name,
      message: `SETNX has been called ${many(setnx, 'time')}${expires > 0 ? `, with ${many(expires, 'call')} that set a TTL afterwards` : ''}: what it sets has no TTL until then.`,
      evidence: [`cmdstat_setnx:calls=${setnx}`, `cmdstat_expire and the like:calls=${expires}`],
      remedy: 'Set value and TTL in one command: SET key token NX PX 30000.',
    },
  ];
}

import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { callsOf } from './calls.ts';

const FEW_CALLS = 100_000;
const MANY_TIMES = 10;
const QUEUES = [
  {
    what: 'LPOP and RPOP',
    pops: ['lpop', 'rpop', 'rpoplpush', 'lmove', 'lmpop'],
    pushes: ['lpush', 'rpush', 'lpushx', 'rpushx'],
    instead: 'BLPOP, BLMOVE or BLMPOP with a timeout of some seconds',
  },
  {
    what: 'ZPOPMIN and ZPOPMAX',
    pops: ['zpopmin', 'zpopmax', 'zmpop'],
    pushes: ['zadd', 'zincrby'],
    instead: 'BZPOPMIN or BZMPOP with a timeout of some seconds',
  },
  {
    what: 'ZRANGEBYSCORE with ZREM',
    pops: ['zrangebyscore'],
    pushes: ['zrem', 'zremrangebyscore'],
    instead: 'the time of the next element (ZRANGE key 0 0 WITHSCORES) to sleep until then',
  },
] as const;

export const pollingQueues: Rule = {
  id: 'polling-queues',
  group: 'patterns',
  severity: 'note',
  title: 'Queues that are asked again and again',
  looksAt: [
    'cmdstat_lpop',
    'cmdstat_rpop',
    'cmdstat_zpopmin',
    'cmdstat_zrangebyscore',
    'cmdstat_lpush',
    'cmdstat_zadd',
  ],
  why: 'A worker that asks an empty queue in a loop costs the server a command each time and still starts late. A blocking call waits without cost and is answered at once.',
  fix: 'Use the blocking forms with a timeout, or a stream with XREADGROUP BLOCK.',
  sources: [
    'https://redis.io/docs/latest/commands/blpop/',
    'https://redis.io/docs/latest/commands/xreadgroup/',
  ],
  find: ({ nodes }) => nodes.filter(({ role }) => role !== 'replica').flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  return QUEUES.flatMap(({ what, pops, pushes, instead }): readonly Found[] => {
    const asked = callsOf(node, ...pops);
    const given = callsOf(node, ...pushes);
    // Without any the keys are something else than a queue.
    if (asked < FEW_CALLS || given === 0 || asked < given * MANY_TIMES) return [];
    return [
      {
        at: node.name,
        message: `${many(asked, 'call')} of ${what} stand against ${many(given, 'element')} that came or went: workers ask an empty queue in a loop.`,
        evidence: [...pops, ...pushes]
          .filter((name) => callsOf(node, name) > 0)
          .map((name) => `cmdstat_${name}:calls=${callsOf(node, name)}`),
        remedy: `Use ${instead}.`,
      },
    ];
  });
}

import type { BlockedClient, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many, period } from '../../words.ts';

/** Timeouts that people choose are seconds, seldom minutes. */
const LONG_SECONDS = 600;

export const endlessBlocking: Rule = {
  id: 'endless-blocking',
  group: 'patterns',
  severity: 'warning',
  title: 'Blocking calls without a timeout',
  looksAt: ['CLIENT LIST (flags=b, cmd, idle)', 'tcp-keepalive'],
  why: 'A client that waits forever does not notice that its connection has gone: after a silent loss of the network or a failover it waits for a server that has forgotten it, and its work is left undone.',
  fix: 'Give BLPOP, BLMOVE, XREADGROUP and the like a timeout of some seconds and call again.',
  sources: [
    'https://redis.io/docs/latest/commands/blpop/',
    'https://redis.io/docs/latest/develop/reference/clients/',
  ],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const long = (node.clients?.blocked ?? []).filter(({ idleSeconds }) => idleSeconds >= LONG_SECONDS);
  const [longest] = [...long].sort((a, b) => b.idleSeconds - a.idleSeconds);
  if (longest === undefined) return [];
  const unwatched = number(node.settings, 'tcp-keepalive') === 0;
  return [
    {
      severity: unwatched ? 'warning' : 'note',
      at: node.name,
      message: `${many(long.length, 'client')} ${long.length === 1 ? 'has' : 'have'} been waiting in blocking calls for more than ${period(LONG_SECONDS)}, the longest for ${period(longest.idleSeconds)} in ${longest.command.toUpperCase()}${unwatched ? '; with tcp-keepalive 0 the server does not notice either when one is gone' : ''}.`,
      evidence: [...long.slice(0, 5).map(words), ...(unwatched ? ['tcp-keepalive:0'] : [])],
      remedy: 'Give the call a timeout of 5 to 30 seconds and repeat it.',
      fixes: unwatched
        ? [
            {
              kind: 'command',
              at: node.name,
              words: ['CONFIG', 'SET', 'tcp-keepalive', '60'],
              live: true,
              effect:
                'The server ends connections whose other side is gone; it holds for those that are opened from now on.',
            },
          ]
        : [],
    },
  ];
}

const words = ({ user, name, host, command, idleSeconds }: BlockedClient): string =>
  `client user=${user} name=${name} addr=${host} cmd=${command} idle=${idleSeconds}`;

import type { NodeFacts } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count } from '../../words.ts';

/** Without these two letters nothing is sent, whatever the others say. */
const SENDS = /[KE]/;
const CLASSES = /[A$lshzxetdgmn]/;

export const keyspaceNotifications: Rule = {
  id: 'keyspace-notifications',
  group: 'patterns',
  severity: 'note',
  title: 'Keyspace notifications relied upon',
  looksAt: ['notify-keyspace-events', 'CLIENT LIST (sub, psub)', 'pubsub_clients'],
  why: 'Notifications are pub/sub: whoever is not connected misses them. `expired` is sent when the server removes a key, which may be long after its TTL ended, and each node of a cluster tells only of its own keys.',
  fix: 'Use them to be faster, never to be complete: write what must not be missed into a stream, and due times into a sorted set.',
  sources: [
    'https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/',
    'https://valkey.io/topics/notifications/',
  ],
  find: ({ nodes }) => nodes.filter(({ role }) => role !== 'replica').flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const events = setting(node, 'notify-keyspace-events') ?? '';
  if (!SENDS.test(events) || !CLASSES.test(events)) return [];
  const listeners = node.clients?.subscribed ?? number(node.info, 'pubsub_clients');
  const unheard = listeners === 0;
  return [
    {
      at: node.name,
      message: unheard
        ? `Notifications are on (${events}) although nobody listens: each change costs time for nothing.`
        : `Notifications are on (${events})${listeners === undefined ? '' : ` with ${count(listeners)} listening`}; whoever is away or reconnecting misses them.`,
      evidence: [
        `notify-keyspace-events:${events}`,
        ...(listeners === undefined ? [] : [`pubsub_clients:${listeners}`]),
      ],
      remedy: unheard
        ? 'Switch them off, unless a listener is merely away.'
        : 'Make sure that nothing depends on every notification arriving; a stream or a sorted set of due times does not lose any.',
      fixes: unheard
        ? [
            {
              kind: 'command',
              at: node.name,
              words: ['CONFIG', 'SET', 'notify-keyspace-events', ''],
              live: false,
              effect: 'No notifications are sent; a listener that comes back would hear nothing.',
            },
          ]
        : [],
    },
  ];
}

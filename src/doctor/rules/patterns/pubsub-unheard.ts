import type { Facts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { callsOf, uptimeSeconds } from './calls.ts';

const FEW_CALLS = 1000;
/** A Sentinel says hello on every node every two seconds; a little more leaves room for those that restarted. */
const HELLOS_PER_SECOND = 0.6;

export const pubsubUnheard: Rule = {
  id: 'pubsub-unheard',
  group: 'patterns',
  severity: 'warning',
  title: 'Messages published to nobody',
  looksAt: [
    'cmdstat_publish',
    'cmdstat_spublish',
    'pubsub_channels',
    'pubsub_patterns',
    'CLIENT LIST (sub, psub, ssub)',
  ],
  why: 'Pub/sub delivers to whoever is listening at that moment and keeps nothing. What is published while nobody listens, or while a listener reconnects, is gone.',
  fix: 'What must arrive goes through a stream with a consumer group, or a list.',
  sources: ['https://redis.io/docs/latest/develop/pubsub/', 'https://valkey.io/topics/pubsub/'],
  find: (facts) => (heard(facts) ? [] : facts.nodes.flatMap((node) => findOn(facts, node))),
};

/** In a cluster a message goes to every node, so a listener may be on any; replicas pass messages on too. */
function heard({ nodes }: Facts): boolean {
  return nodes.some(
    ({ info, clients }) =>
      (clients?.subscribed ?? 0) > 0 ||
      // Sentinels listen on one channel; who else does cannot be told apart without the list of clients.
      (clients === undefined && listening(info) !== 0),
  );
}

function listening(info: NodeFacts['info']): number | undefined {
  const fields = ['pubsub_channels', 'pubsub_patterns', 'pubsubshard_channels'];
  const known = fields.map((name) => number(info, name)).filter((n) => n !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, n) => sum + n, 0);
}

function findOn({ sentinels }: Facts, node: NodeFacts): readonly Found[] {
  const published = callsOf(node, 'publish', 'spublish');
  const hellos = sentinels.length * (uptimeSeconds(node) ?? 0) * HELLOS_PER_SECOND;
  // A channel that somebody listens to although no client does is that of Sentinels which are not known here.
  const unknownSentinels = sentinels.length === 0 && (listening(node.info) ?? 0) > 0;
  if (node.role === 'replica' || unknownSentinels || published - hellos < FEW_CALLS) return [];
  return [
    {
      at: node.name,
      message: `${many(published, 'message')} ${published === 1 ? 'has' : 'have'} been published, and no application listens at the moment: what is sent now reaches nobody and is not kept.`,
      evidence: [
        `cmdstat_publish:calls=${callsOf(node, 'publish')}`,
        `pubsub_channels:${node.info?.pubsub_channels ?? '?'}`,
        `pubsub_patterns:${node.info?.pubsub_patterns ?? '?'}`,
        ...(node.clients ? [`subscribed clients: ${node.clients.subscribed}`] : []),
      ],
      remedy:
        'Where the messages matter, add them to a stream (XADD with MAXLEN, read with XREADGROUP); where they do not, do not publish.',
    },
  ];
}

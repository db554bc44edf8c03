import type { NodeFacts } from '../../facts.ts';
import { number, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';

export const clientsCutOff: Rule = {
  id: 'clients-cut-off',
  group: 'patterns',
  severity: 'warning',
  title: 'Clients cut off because they read too slowly',
  looksAt: [
    'client_output_buffer_limit_disconnections',
    'client_query_buffer_limit_disconnections',
    'client-output-buffer-limit',
    'pubsub_clients',
  ],
  why: 'What a client has not read yet is kept in memory up to client-output-buffer-limit; then the connection is closed and all of it is lost. A subscriber that was cut off has missed its messages, a replica copies everything anew.',
  fix: 'Let subscribers take messages at once and work on them elsewhere, or use a stream, which waits for its readers.',
  sources: ['https://redis.io/docs/latest/develop/reference/clients/', 'https://valkey.io/topics/clients/'],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const output = number(node.info, 'client_output_buffer_limit_disconnections') ?? 0;
  const query = number(node.info, 'client_query_buffer_limit_disconnections') ?? 0;
  if (output + query === 0) return [];
  const subscribers = number(node.info, 'pubsub_clients') ?? node.clients?.subscribed ?? 0;
  const who =
    subscribers > 0
      ? ` ${many(subscribers, 'client')} ${subscribers === 1 ? 'subscribes' : 'subscribe'} here, and a subscriber that is cut off has missed messages.`
      : '';
  const sent =
    query === 0 ? '' : ` ${many(query, 'client')} sent more than client-query-buffer-limit at once.`;
  return [
    {
      severity: output > 0 && subscribers > 0 ? 'warning' : 'note',
      at: node.name,
      message: `${many(output, 'client')} ${output === 1 ? 'was' : 'were'} cut off at client-output-buffer-limit.${sent}${who}`,
      evidence: [
        `client_output_buffer_limit_disconnections:${output}`,
        `client_query_buffer_limit_disconnections:${query}`,
        `client-output-buffer-limit:${setting(node, 'client-output-buffer-limit') ?? '?'}`,
        `pubsub_clients:${subscribers}`,
      ],
      remedy:
        'Find readers that fall behind with CLIENT LIST (omem). Messages that must arrive belong in a stream; large answers should be asked for in parts.',
    },
  ];
}

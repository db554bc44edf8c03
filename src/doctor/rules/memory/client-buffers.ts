import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { bytesOf, number, partOfMemory, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { percent } from '../../words.ts';

const LEAST_BYTES = 64 * MIB;
const LEAST_SHARE = 0.1;

function judge(node: NodeFacts): readonly Found[] {
  const bytes = partOfMemory(node.info, 'mem_clients_normal');
  const limit = bytesOf(setting(node, 'maxmemory')) || number(node.info, 'used_memory');
  if (bytes === undefined || !limit || bytes < LEAST_BYTES || bytes < LEAST_SHARE * limit) return [];
  const { largestOutputBytes, connected } = node.clients ?? {};
  return [
    {
      at: node.name,
      message: `Buffers of clients hold ${humanBytes(bytes)}, ${percent(bytes / limit)} of the memory for data${largestOutputBytes ? `, the largest of them ${humanBytes(largestOutputBytes)}` : ''}.`,
      evidence: [
        `mem_clients_normal:${bytes}`,
        `connected_clients:${connected ?? node.info?.connected_clients ?? 'unknown'}`,
        `client-output-buffer-limit ${setting(node, 'client-output-buffer-limit') ?? 'unknown'}`,
        `maxmemory-clients ${setting(node, 'maxmemory-clients') ?? 'unknown'}`,
      ],
      remedy:
        'Find the clients with large omem in CLIENT LIST: they ask for more than they read. Ask for parts (SCAN, HSCAN, ranges), and set maxmemory-clients to 5% so that the server closes the largest instead of evicting data.',
      fixes:
        setting(node, 'maxmemory-clients') === '0'
          ? [
              {
                kind: 'command',
                at: node.name,
                words: ['CONFIG', 'SET', 'maxmemory-clients', '5%'],
                live: false,
                effect:
                  'Connections with the largest buffers are closed until all of them hold 5 % of maxmemory.',
              },
            ]
          : [],
    },
  ];
}

export const clientBuffers: Rule = {
  id: 'client-buffers',
  group: 'memory',
  severity: 'warning',
  title: 'Client buffers that crowd out data',
  looksAt: [
    'mem_clients_normal',
    'CLIENT LIST',
    'client-output-buffer-limit',
    'maxmemory-clients',
    'maxmemory',
  ],
  why: 'Replies that clients do not fetch wait in the memory of the server and count towards maxmemory: keys are evicted or writes refused for them. For normal clients there is no limit unless one is set.',
  fix: 'Set maxmemory-clients, and let clients ask for less at a time.',
  sources: ['https://redis.io/docs/latest/develop/reference/clients/'],
  find: ({ nodes }: Facts) => nodes.flatMap(judge),
};

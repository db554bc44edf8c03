import { hostIn, LAST_NUMBERS } from '../subnet.ts';
import type { TopologyDefinition } from '../types.ts';

export const standalone: TopologyDefinition = {
  kind: 'standalone',
  title: 'Standalone',
  meaning: 'one node; a restart is a short outage. For caches, development, and data that can be rebuilt.',
  settings: [],
  sizeQuestions: [],
  complete: () => ({ kind: 'standalone' }),
  problems: () => [],
  nodes: (spec) => [
    {
      name: 'node-1',
      role: 'primary',
      shard: 1,
      ip: hostIn(spec.network.subnet, LAST_NUMBERS.data),
      port: spec.network.port,
    },
  ],
  directives: () => [],
  sentinel: () => undefined,
  joins: false,
  clientEntry: (node) => node.role === 'primary',
};

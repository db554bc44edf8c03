import type { Rule } from '../../types.ts';
import { clusterView, servingPrimaries } from './members.ts';

export const tooFewNodes: Rule = {
  id: 'too-few-nodes',
  group: 'topology',
  severity: 'warning',
  title: 'A cluster with fewer than three primaries',
  looksAt: ['CLUSTER INFO cluster_size', 'CLUSTER NODES'],
  why: 'A failover needs the votes of more than half of the primaries that serve slots. Of one or two none may be lost.',
  fix: 'Spread the slots over three primaries or more.',
  sources: ['https://valkey.io/topics/cluster-tutorial', 'https://valkey.io/topics/cluster-spec'],
  find: (facts) => {
    const view = clusterView(facts);
    const size = servingPrimaries(view?.cluster).length;
    if (!view || size === 0 || size >= 3) return [];
    return [
      {
        at: facts.asked,
        message: `${size === 1 ? 'One primary serves' : 'Two primaries serve'} all slots: when one is lost no majority is left to fail over.`,
        evidence: [`cluster_size:${size}`],
        remedy: facts.model
          ? 'Set topology.shards to 3 or more, or choose sentinel for data that fits one node.'
          : 'Add primaries and move slots to them, or use Sentinel for data that fits one node.',
        fixes: facts.model
          ? [
              {
                kind: 'spec',
                path: 'topology.shards',
                value: '3',
                effect: 'The loss of one primary leaves a majority.',
              },
            ]
          : [],
      },
    ];
  },
};

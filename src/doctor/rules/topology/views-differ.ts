import type { ClusterFacts, Facts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';

export const viewsDiffer: Rule = {
  id: 'views-differ',
  group: 'topology',
  severity: 'warning',
  title: 'Cluster nodes that do not agree',
  looksAt: ['CLUSTER NODES of every node'],
  why: 'Clients learn the map of slots from any node. From one that is wrong they are sent to nodes that refuse them, and in a split two nodes take writes for the same keys.',
  fix: 'Look at the bus between the nodes (client port + 10000) and at nodes that know too few others.',
  sources: ['https://valkey.io/topics/cluster-spec', 'https://valkey.io/commands/cluster-nodes'],
  find: (facts) => {
    const views = facts.nodes.flatMap(({ name, cluster }) =>
      cluster ? [{ name, map: mapOf(cluster) }] : [],
    );
    const maps = [...new Set(views.map(({ map }) => map))];
    if (facts.source === 'spec' || maps.length < 2) return [];
    return judge(facts, views, maps);
  },
};

/** Who serves how many slots, as one node sees it. */
function mapOf({ nodes }: ClusterFacts): string {
  return nodes
    .filter(({ slots }) => slots > 0)
    .map(({ id, slots }) => `${id.slice(0, 8)}=${slots}`)
    .sort()
    .join(' ');
}

type View = { readonly name: string; readonly map: string };

function judge({ asked }: Facts, views: readonly View[], maps: readonly string[]): readonly Found[] {
  return [
    {
      at: asked,
      message: `${many(views.length, 'node')} tell ${maps.length} different maps of who serves which slots.`,
      evidence: maps.map(
        (map) =>
          `${inWords(views.filter((one) => one.map === map).map(({ name }) => name))}: ${map || 'nobody'}`,
      ),
      remedy:
        'During a failover or while slots move this lasts seconds. If it stays, look at the network between these nodes; a node that knows nobody was never joined: `CLUSTER MEET`.',
    },
  ];
}

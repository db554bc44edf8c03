import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackModel, StackNode } from '../../model/types.ts';

const id = (node: StackNode): string => node.name.replaceAll('-', '_');

/** The topology as lines of a Mermaid flowchart. */
export function diagram(model: StackModel): readonly string[] {
  const data = dataNodes(model.nodes);
  const shards = [...new Set(data.map((node) => node.shard))];
  return [
    'app([application])',
    ...shards.flatMap((shard) =>
      shardLines(
        data.filter((node) => node.shard === shard),
        shards.length,
      ),
    ),
    ...sentinelLines(model),
    ...data.filter((node) => node.role === 'primary').map((node) => `app --> ${id(node)}`),
    ...data
      .filter((node) => node.follows)
      .map((node) => `${node.follows?.replaceAll('-', '_')} -. replicates .-> ${id(node)}`),
  ];
}

function shardLines(nodes: readonly StackNode[], shards: number): readonly string[] {
  const boxes = nodes.map((node) => `${id(node)}[("${node.name} · ${node.role}<br/>${node.port}")]`);
  const shard = nodes[0]?.shard ?? 0;
  if (shards === 1) return boxes;
  const from = Math.floor((16384 * (shard - 1)) / shards);
  const to = Math.floor((16384 * shard) / shards) - 1;
  return [
    `subgraph shard${shard} ["shard ${shard} · slots ${from}-${to}"]`,
    ...boxes.map((box) => `  ${box}`),
    'end',
  ];
}

function sentinelLines(model: StackModel): readonly string[] {
  const watchers = sentinelNodes(model.nodes);
  const primary = model.nodes.find((node) => node.role === 'primary');
  if (watchers.length === 0 || !primary) return [];
  return [
    `subgraph sentinels ["Sentinels · quorum ${model.sentinel?.quorum}"]`,
    ...watchers.map((node) => `  ${id(node)}[["${node.name}<br/>${node.port}"]]`),
    'end',
    `sentinels -. watch .-> ${id(primary)}`,
    'app -. where is the primary? .-> sentinels',
  ];
}

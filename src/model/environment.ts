import { dataNodes, sentinelNodes } from './build.ts';
import type { StackModel, StackNode } from './types.ts';

const at = (node: StackNode): string => `${node.ip}:${node.port}`;

/** What `start-node.sh` is told about a node; the same in a container and as a plain process. */
export function nodeEnvironment(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  return {
    STACK_KIND: node.role === 'sentinel' ? 'sentinel' : 'data',
    STACK_SERVER: model.engine.server,
    STACK_CLI: model.engine.cli,
    STACK_PORT: String(node.port),
    STACK_ADDRESS: node.ip,
    ...(node.hostname ? { STACK_HOSTNAME: node.hostname } : {}),
    ...(node.busPort ? { STACK_BUS_PORT: String(node.busPort) } : {}),
    ...(model.sentinel ? watched(model, node) : {}),
  };
}

function watched(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  const data = dataNodes(model.nodes);
  const primary = data.find((n) => n.role === 'primary');
  if (!primary) throw new Error('a watched stack has a primary');
  const common = { STACK_PRIMARY: at(primary) };
  if (node.role === 'sentinel') return common;
  return {
    ...common,
    STACK_PEERS: data
      .filter((n) => n !== node)
      .map(at)
      .join(' '),
    STACK_SENTINELS: sentinelNodes(model.nodes).map(at).join(' '),
  };
}

/** What `form-cluster.sh` is told: one word a shard, its nodes joined by commas. */
export function joinEnvironment(model: StackModel): Readonly<Record<string, string>> {
  const shards = [...new Set(model.nodes.map((node) => node.shard))];
  const word = (shard: number) =>
    model.nodes
      .filter((node) => node.shard === shard)
      .map((node) => `${at(node)}@${node.busPort}`)
      .join(',');
  return { STACK_CLI: model.engine.cli, STACK_SHARDS: shards.map(word).join(' ') };
}

import { resolveEngine } from '../engines/releases.ts';
import { expectValue } from '../problem.ts';
import type { StackSpec } from '../spec/types.ts';
import { topology } from '../topologies/registry.ts';
import type { TopologyDefinition } from '../topologies/types.ts';
import { backupModel } from './backup.ts';
import { commonDirectives } from './directives.ts';
import { memoryModel } from './memory.ts';
import { stopModel } from './stop.ts';
import type { Address, ClientModel, StackModel, StackNode } from './types.ts';
import { dataUsers } from './users.ts';

/** Decides every number of the stack. Pure: the same spec gives the same model. The spec must have passed parseSpec. */
export function buildModel(spec: StackSpec): StackModel {
  const engine = expectValue(resolveEngine(spec.engine.name, spec.engine.version));
  const shape = topology(spec.topology.kind);
  const nodes = shape.nodes(spec);
  const replicated = nodes.some((node) => node.role === 'replica');
  const memory = memoryModel(spec, replicated);
  const sentinel = shape.sentinel(spec);
  const stop = stopModel(spec, memory.maxmemoryBytes, replicated);
  return {
    spec,
    engine,
    memory,
    nodes,
    directives: commonDirectives({ spec, engine, memory, replicated }, shape.directives(spec)),
    users: dataUsers(spec, sentinel !== undefined),
    sentinel,
    joins: shape.joins,
    client: clientModel(shape, nodes),
    persistent: spec.persistence.mode !== 'none',
    backup: backupModel(spec),
    handoverSeconds: stop.handoverSeconds,
    stopGraceSeconds: stop.graceSeconds,
  };
}

const LOOPBACK = '127.0.0.1';

function clientModel(shape: TopologyDefinition, nodes: readonly StackNode[]): ClientModel {
  const entries = nodes.filter(shape.clientEntry);
  const local = (node: StackNode): Address => ({ host: LOOPBACK, port: node.port });
  const announced = nodes.flatMap((node) =>
    [node.ip, node.hostname ?? node.name].map((host) => [`${host}:${node.port}`, local(node)] as const),
  );
  const single = nodes.length === 1;
  return {
    variant: shape.kind,
    host: { addresses: entries.map(local), addressMap: single ? {} : Object.fromEntries(announced) },
    network: { addresses: entries.map((node) => ({ host: node.name, port: node.port })), addressMap: {} },
  };
}

/** The data nodes, without Sentinels. */
export function dataNodes(nodes: readonly StackNode[]): readonly StackNode[] {
  return nodes.filter((node) => node.role !== 'sentinel');
}

/** The Sentinels; none where the topology has none. */
export function sentinelNodes(nodes: readonly StackNode[]): readonly StackNode[] {
  return nodes.filter((node) => node.role === 'sentinel');
}

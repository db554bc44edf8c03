import type { StackModel, StackNode } from '../model/types.ts';

export interface Place {
  readonly port: number;
  readonly busPort?: number | undefined;
}

/** The same stack with every node on this machine: loopback addresses, the given ports, no names to resolve. */
export function placeOnLoopback(model: StackModel, places: ReadonlyMap<string, Place>): StackModel {
  return { ...model, nodes: model.nodes.map((node) => placeNode(node, places.get(node.name))) };
}

function placeNode({ hostname: _, busPort, ...node }: StackNode, place: Place | undefined): StackNode {
  const placed = { ...node, ip: '127.0.0.1', port: place?.port ?? node.port };
  const bus = place?.busPort ?? busPort;
  return bus === undefined ? placed : { ...placed, busPort: bus };
}

import type { TopologyKind } from '../spec/types.ts';
import { cluster } from './cluster/index.ts';
import { sentinel } from './sentinel/index.ts';
import { standalone } from './standalone/index.ts';
import type { TopologyDefinition } from './types.ts';

/** In the order in which they are offered. */
export const TOPOLOGIES: readonly TopologyDefinition[] = [standalone, sentinel, cluster];

export function topology(kind: TopologyKind): TopologyDefinition {
  const found = TOPOLOGIES.find((t) => t.kind === kind);
  if (!found) throw new Error(`no topology '${kind}' in the registry`);
  return found;
}

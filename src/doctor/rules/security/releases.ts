import type { EngineName } from '../../../engines/types.ts';
import type { Facts, NodeFacts, SentinelFacts, Software } from '../../facts.ts';
import type { Fix } from '../../types.ts';
import { namesOf } from './acl.ts';

/** One release of one engine, and who runs it. */
export interface Running {
  readonly engine: EngineName;
  readonly title: string;
  /** Of a spec the line alone. */
  readonly version: string;
  readonly nodes: readonly (NodeFacts | SentinelFacts)[];
  /** Where a finding is: the nodes, or the spec. */
  readonly at: string;
}

const engineOf = ({ name }: Software): EngineName | undefined => (name === 'other' ? undefined : name);

/** Releases of Redis and Valkey that run, each once. */
export function releases({ source, nodes, sentinels }: Facts): readonly Running[] {
  const by = new Map<string, Running>();
  for (const node of [...nodes, ...sentinels]) {
    const { software } = node;
    const engine = software && engineOf(software);
    if (!software || !engine) continue;
    const key = `${engine} ${software.version}`;
    const same = [...(by.get(key)?.nodes ?? []), node];
    const at = source === 'spec' ? 'engine.version' : namesOf(same);
    by.set(key, { engine, title: software.title, version: software.version, nodes: same, at });
  }
  return [...by.values()];
}

/** Changes the release line in the spec; `update --live` or a restart takes it up. */
export function lineFix({ model }: Facts, line: string): readonly Fix[] {
  if (!model || model.spec.engine.version === line) return [];
  return [
    {
      kind: 'spec',
      path: 'engine.version',
      value: line,
      effect: `Servers start with ${model.engine.title} ${line} at their next update; replicas go first.`,
    },
  ];
}

import { ManifestError } from './fields.ts';
import type { Labels } from './metadata.ts';

/** What a pod can be told of itself. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ip: string;
  readonly hostIp: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly serviceAccount: string;
}

/** One field of the downward API. */
export function fieldOf(facts: PodFacts, path: string): string {
  const plain: Readonly<Record<string, string>> = {
    'metadata.name': facts.name,
    'metadata.namespace': facts.namespace,
    'metadata.uid': facts.uid,
    'status.podIP': facts.ip,
    'status.podIPs': facts.ip,
    'status.hostIP': facts.hostIp,
    'spec.nodeName': 'node',
    'spec.serviceAccountName': facts.serviceAccount,
  };
  const [, kind, key = ''] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? [];
  if (kind !== undefined) return (kind === 'labels' ? facts.labels : facts.annotations)[key] ?? '';
  const value = plain[path];
  if (value === undefined)
    throw new ManifestError(`pod ${facts.name}`, `'${path}' is no field of the downward API`);
  return value;
}

import type { StackModel } from '../../model/types.ts';

/** The oldest Kubernetes that the rendered objects are held against. */
export const OLDEST_KUBERNETES = '1.28';

/** What `Chart.yaml` holds. Its version is that of the chart's templates, not of the stack: raise it with your own changes. */
export function chartYaml({ spec, engine }: StackModel) {
  return {
    apiVersion: 'v2',
    name: spec.name,
    description: `${engine.title} ${engine.version}: ${spec.topology.kind}, made by create-redis-stack`,
    type: 'application',
    version: '0.1.0',
    appVersion: engine.version,
    kubeVersion: `>=${OLDEST_KUBERNETES}.0-0`,
    keywords: [engine.name, spec.topology.kind],
  };
}

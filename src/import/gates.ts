import { at } from './read.ts';
import type { Chart, Tree } from './types.ts';

interface Gate {
  /** Keys below this have no effect … */
  readonly below: string;
  /** … unless this one is true. */
  readonly unless: string;
  /** What the chart has where the file does not say. */
  readonly byDefault: boolean;
  readonly charts: readonly Chart[];
}

const ONE = ['redis', 'valkey'] as const;
const ALL = ['redis', 'valkey', 'redis-cluster', 'valkey-cluster'] as const;
const CLUSTERS = ['redis-cluster', 'valkey-cluster'] as const;

const GATES: readonly Gate[] = [
  { below: 'sentinel.', unless: 'sentinel.enabled', byDefault: false, charts: ONE },
  { below: 'metrics.', unless: 'metrics.enabled', byDefault: false, charts: ALL },
  { below: 'tls.', unless: 'tls.enabled', byDefault: false, charts: ALL },
  { below: 'master.persistence.', unless: 'master.persistence.enabled', byDefault: true, charts: ONE },
  { below: 'primary.persistence.', unless: 'primary.persistence.enabled', byDefault: true, charts: ONE },
  { below: 'replica.persistence.', unless: 'replica.persistence.enabled', byDefault: true, charts: ONE },
  { below: 'persistence.', unless: 'persistence.enabled', byDefault: true, charts: CLUSTERS },
  { below: 'volumePermissions.', unless: 'volumePermissions.enabled', byDefault: false, charts: ALL },
  { below: 'sysctl.', unless: 'sysctl.enabled', byDefault: false, charts: ONE },
  { below: 'sysctlImage.', unless: 'sysctlImage.enabled', byDefault: false, charts: CLUSTERS },
  { below: 'useExternalDNS.', unless: 'useExternalDNS.enabled', byDefault: false, charts: ONE },
  { below: 'diagnosticMode.', unless: 'diagnosticMode.enabled', byDefault: false, charts: ALL },
  { below: 'networkPolicy.', unless: 'networkPolicy.enabled', byDefault: true, charts: ALL },
];

/** Why a key has no effect in this file, or undefined where it has. */
export function withoutEffect(tree: Tree, chart: Chart, key: string): string | undefined {
  if (key.startsWith('replica.') && at(tree, 'architecture') === 'standalone' && !chart.endsWith('-cluster'))
    return 'Without effect: architecture is standalone.';
  const shut = GATES.find(
    (gate) =>
      gate.charts.includes(chart) &&
      key.startsWith(gate.below) &&
      key !== gate.unless &&
      (at(tree, gate.unless) ?? gate.byDefault) !== true,
  );
  return shut && `Without effect: ${shut.unless} is not true.`;
}

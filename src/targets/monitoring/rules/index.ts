import { certificateAlerts } from './certificates.ts';
import { clientAlerts } from './clients.ts';
import { memoryAlerts } from './memory.ts';
import { nodeAlerts } from './nodes.ts';
import { persistenceAlerts } from './persistence.ts';
import { replicationAlerts } from './replication.ts';
import { sentinelAlerts } from './sentinel.ts';
import { clusterAlerts } from './slots.ts';
import type { AlertFacts, AlertRule } from './types.ts';

/** Every alert there is, in the order of lists. */
export const ALERTS: readonly AlertRule[] = [
  ...nodeAlerts,
  ...replicationAlerts,
  ...sentinelAlerts,
  ...clusterAlerts,
  ...memoryAlerts,
  ...clientAlerts,
  ...persistenceAlerts,
  ...certificateAlerts,
];

/** Those that this stack can raise. */
export function alertsFor(facts: AlertFacts): readonly AlertRule[] {
  return ALERTS.filter((alert) => alert.applies(facts));
}

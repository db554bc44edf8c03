import { stringify } from 'yaml';
import type { SpecInput } from '../../src/spec/schema.ts';
import type { AnyObject } from '../support/kubernetes/objects.ts';

interface Golden {
  readonly input: SpecInput;
  readonly values: object;
}

/** One stack a topology; together they hold every template. */
export const GOLDENS: Readonly<Record<string, Golden>> = {
  standalone: { input: { topology: { kind: 'standalone' }, targets: ['helm'] }, values: {} },
  sentinel: {
    input: {
      topology: { kind: 'sentinel', replicas: 2 },
      workload: ['primary-data'],
      security: { tls: true },
      backup: { every: '6h', to: 's3://shop/sets' },
      targets: ['helm', 'monitoring'],
    },
    values: {
      tls: { existing: '', certManager: { enabled: true, issuer: { name: 'own' } } },
      secrets: {
        existing: '',
        externalSecret: { enabled: true, store: { name: 'vault' }, key: 'shop/redis' },
      },
      monitoring: { scrape: 'ServiceMonitor' },
      backup: { bucket: { existingSecret: 'bucket' } },
    },
  },
  cluster: {
    input: {
      engine: { name: 'valkey', version: '8.1' },
      topology: { kind: 'cluster', shards: 3, replicas: 1 },
      backup: { every: '24h' },
      targets: ['helm'],
    },
    values: {},
  },
};

/** The objects in their order. Scripts, alerts and the dashboard are files of their own and looked at there. */
export function printGolden(objects: readonly AnyObject[]): string {
  return objects
    .map((object) => stringify(JSON.parse(JSON.stringify(object, shortened)), { lineWidth: 0 }))
    .join('---\n');
}

function shortened(key: string, value: unknown): unknown {
  if (/\.(sh|json)$/.test(key) && typeof value === 'string') return '(a file of its own)';
  return key === 'groups' && Array.isArray(value) ? value.map(({ name }) => name) : value;
}

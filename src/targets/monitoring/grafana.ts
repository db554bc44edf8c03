import { DATASOURCE } from './dashboard.ts';

/** Where the folder `monitoring/grafana` lies in Grafana's container. */
export const GRAFANA_FOLDER = '/etc/redis-stack/grafana';

export const datasources = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Redis stack',
      uid: DATASOURCE,
      type: 'prometheus',
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
      editable: false,
      jsonData: { timeInterval: '15s', httpMethod: 'POST' },
    },
  ],
} as const;

export const dashboardProviders = {
  apiVersion: 1,
  providers: [
    {
      name: 'Redis stack',
      type: 'file',
      allowUiUpdates: true,
      options: { path: GRAFANA_FOLDER },
    },
  ],
} as const;

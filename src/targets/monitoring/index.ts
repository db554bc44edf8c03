import { managed, type RenderedFile, type Target } from '../types.ts';
import { printYaml } from '../yaml.ts';
import { dashboard } from './dashboard.ts';
import { alertFacts } from './facts.ts';
import { dashboardProviders, datasources } from './grafana.ts';
import { probeConfig, prometheusConfig } from './prometheus.ts';
import { ruleGroups } from './rule-file.ts';

const json = (data: object): string => `${JSON.stringify(data, null, 2)}\n`;

export const monitoring: Target = {
  id: 'monitoring',
  title: 'Monitoring',
  meaning:
    'Prometheus scrape settings, alert rules for this topology, a Grafana dashboard, exporters in Compose',
  always: false,
  render: (model): readonly RenderedFile[] => {
    const facts = alertFacts(model);
    return [
      managed(
        'monitoring/prometheus.yml',
        printYaml(prometheusConfig(model), { header: HEADER, comments: COMMENTS }),
      ),
      managed(
        'monitoring/rules/redis-stack.yml',
        printYaml({ groups: ruleGroups(facts) }, { header: RULES }),
      ),
      managed('monitoring/grafana/dashboard.json', json(dashboard(facts))),
      managed('monitoring/grafana/provisioning/datasources/redis-stack.yml', printYaml(datasources)),
      managed('monitoring/grafana/provisioning/dashboards/redis-stack.yml', printYaml(dashboardProviders)),
      ...(model.spec.security.tls
        ? [managed('monitoring/probe.yml', printYaml(probeConfig(), { header: PROBE }))]
        : []),
    ];
  },
};

const HEADER = [
  ' What Prometheus looks at: an exporter a node, each with the labels stack, kind (data or sentinel), shard and node.',
  ' Yours to edit; an update keeps your edits. A Prometheus that you have takes scrape_configs and rules from here.',
].join('\n');

const COMMENTS = {
  rule_files: [
    'Alerts show up in Prometheus and Grafana. To have them sent to people, name your Alertmanager here:',
    '  alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] }',
  ].join('\n '),
  'global.scrape_timeout': 'Exporters try for three seconds, twice, so that they can say that a node hangs.',
};

const RULES = [
  ' Alerts for this topology, each with what it means and what to do. Numbers follow from redis-stack.yaml: change them',
  ' there where you can.',
].join('\n');

const PROBE =
  ' Reads how long certificates last. It does not verify them, so that an expired one is seen as well.';

import { isMonitored } from '../../model/monitoring.ts';
import type { StackModel } from '../../model/types.ts';
import { dashboard } from '../monitoring/dashboard.ts';
import { alertFacts, REAL_TIME } from '../monitoring/facts.ts';
import { ruleGroups } from '../monitoring/rule-file.ts';
import type { Commands } from '../monitoring/rules/types.ts';
import { managed, type RenderedFile } from '../types.ts';
import { printYaml } from '../yaml.ts';

/** Stands for the name of the release, which the chart's templates put in. */
const RELEASE = '@stack@';

const HEADER = [
  ` The rules of the monitoring target for this topology; ${RELEASE} becomes the name of the release.`,
  ' Numbers follow from redis-stack.yaml: change them there where you can.',
].join('\n');

/** The alerts and the dashboard, where the stack is to be watched. */
export function alertFiles(model: StackModel): readonly RenderedFile[] {
  if (!isMonitored(model)) return [];
  const facts = alertFacts(inCluster(model), REAL_TIME, kubernetesCommands());
  return [
    managed('files/rules.yml', printYaml({ groups: ruleGroups(facts) }, { header: HEADER })),
    managed('files/dashboard.json', `${JSON.stringify(dashboard(facts), null, 2)}\n`),
  ];
}

/** Known by the name of its release; how long certificates last is told by whoever issues them there. */
function inCluster(model: StackModel): StackModel {
  const security = { ...model.spec.security, tls: false };
  return { ...model, spec: { ...model.spec, name: RELEASE, security } };
}

/** What is typed where the stack runs in Kubernetes. */
function kubernetesCommands(): Commands {
  return {
    status: `kubectl get pods --selector redis-stack/server=true`,
    logs: 'kubectl logs <node> --container server --tail 50',
    start: 'kubectl delete pod <node>',
    cli: 'kubectl exec <node> --container server -- sh /stack/scripts/pod.sh cli',
    exporterLogs: 'kubectl logs <node> --container exporter',
    restartExporter: 'kubectl delete pod <node>',
  };
}

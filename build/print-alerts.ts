import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { alertFacts, duration } from '../src/targets/monitoring/facts.ts';
import { ALERTS } from '../src/targets/monitoring/rules/index.ts';
import { type AlertFacts, type AlertRule, GROUPS } from '../src/targets/monitoring/rules/types.ts';

/** One stack of each kind: between them every alert has its place, and every severity that it can have. */
const EXAMPLES = [
  { topology: { kind: 'sentinel' }, workload: ['primary-data'] },
  { topology: { kind: 'cluster' }, workload: ['primary-data'] },
  { topology: { kind: 'standalone' }, workload: ['sessions'] },
  { topology: { kind: 'standalone' }, workload: ['cache'], security: { tls: true } },
];

/** docs/generated/alerts.md: every alert, what it means and what to do. */
export function printedAlerts(): string {
  const facts = EXAMPLES.map((input) => alertFacts(buildModel(expectValue(parseSpec(input, 'shop')).spec)));
  const sections = GROUPS.map((group) => {
    const alerts = ALERTS.filter((alert) => alert.group === group);
    return `## ${group}\n\n${alerts.map((alert) => printed(alert, facts)).join('\n')}`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# Alerts

What the target \`monitoring\` can raise. Numbers in the rules of a stack follow from its \`redis-stack.yaml\`; those
here are of an example called \`shop\`. \`<node>\` and the like are filled in by Prometheus.
`;

function printed(alert: AlertRule, all: readonly AlertFacts[]): string {
  const fitting = all.filter((facts) => alert.applies(facts));
  const [facts] = fitting;
  if (!facts) throw new Error(`${alert.name} fits none of the examples`);
  const severities = [...new Set(fitting.map((one) => alert.severity(one)))].join(' or ');
  return [
    `### ${alert.name}`,
    '',
    `${alert.summary.replace(/<[a-z_]+>/g, '`$&`')}. ${alert.description.replace(/<[a-z_]+>/g, '`$&`')}`,
    '',
    `- severity: ${severities}${alert.forSeconds > 0 ? `, after ${duration(alert.forSeconds)}` : ''}`,
    `- where: ${alert.where}`,
    `- what to do: ${alert.remedy(facts.commands)}`,
    '',
    '```promql',
    alert.expr(facts),
    '```',
    '',
  ].join('\n');
}

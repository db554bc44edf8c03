import { alertsFor } from './rules/index.ts';
import type { AlertFacts, AlertRule } from './rules/types.ts';
import { GROUPS } from './rules/types.ts';

/** A rule as Prometheus and the PrometheusRule of its operator both take it. */
export interface PrintedRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly PrintedRule[];
}

/** The alerts of a stack as groups of rules. */
export function ruleGroups(facts: AlertFacts): readonly RuleGroup[] {
  const alerts = alertsFor(facts);
  return GROUPS.map((group) => ({
    name: `${facts.stack}-${group}`,
    rules: alerts.filter((alert) => alert.group === group).map((alert) => printedRule(alert, facts)),
  })).filter(({ rules }) => rules.length > 0);
}

export function printedRule(alert: AlertRule, facts: AlertFacts): PrintedRule {
  return {
    alert: alert.name,
    expr: alert.expr(facts),
    ...(alert.forSeconds > 0 ? { for: facts.clock.lasts(alert.forSeconds) } : {}),
    labels: { severity: alert.severity(facts), stack: facts.stack },
    annotations: {
      summary: filledByPrometheus(alert.summary),
      description: filledByPrometheus(alert.description),
      remedy: filledByPrometheus(alert.remedy(facts.commands)),
    },
  };
}

const OPEN = '{'.repeat(2);
const CLOSE = '}'.repeat(2);

/** Prometheus fills in what stands in angle brackets: labels of the series, and its value. */
export function filledByPrometheus(text: string): string {
  return text.replace(/<([a-z_]+)>/g, (_, name: string) =>
    name === 'value' ? `${OPEN} printf "%.5g" $value ${CLOSE}` : `${OPEN} $labels.${name} ${CLOSE}`,
  );
}

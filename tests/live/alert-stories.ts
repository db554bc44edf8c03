import { expect } from 'vitest';
import { rows } from '../../src/targets/monitoring/panels.ts';
import { alertsFor } from '../../src/targets/monitoring/rules/index.ts';
import { until } from '../support/until.ts';
import type { Alert, Watch } from './watch.ts';

/** Long enough for every `for` at this pace. */
const QUIET_SECONDS = 14;

/** Everybody is seen, and nothing fired all the while. */
export async function expectHealthy(w: Watch): Promise<void> {
  const nodes = w.stacks.reduce((sum, { model }) => sum + model.nodes.length, 0);
  await until('every node to be seen', async () => {
    const [up] = await w.query('sum(redis_up)');
    return Number(up?.value[1]) === nodes;
  });
  await until(
    'some quiet time',
    async () => {
      const [scrapes] = await w.query('min(count_over_time(redis_up[2m]))');
      return Number(scrapes?.value[1]) > QUIET_SECONDS;
    },
    { timeoutMs: 40_000 },
  );
  const fired = await w.query('count_over_time(ALERTS{alertstate="firing"}[2m])');
  expect(fired.map(({ metric }) => `${metric.stack} ${metric.alertname} ${metric.node ?? ''}`)).toEqual([]);
  const pending = await w.query('count_over_time(ALERTS[4s])');
  expect(pending.map(({ metric }) => `${metric.stack} ${metric.alertname} ${metric.node ?? ''}`)).toEqual([]);
}

/** Waits for an alert of this stack; it must be one of its rules, and its texts must be filled in. */
export async function seen(w: Watch, stack: string, name: string, timeoutMs?: number): Promise<Alert> {
  const facts = w.stacks.find((one) => one.facts.stack === stack)?.facts;
  expect(facts && alertsFor(facts).map((alert) => alert.name)).toContain(name);
  const alert = await w.firing(stack, name, timeoutMs);
  for (const text of Object.values(alert.annotations)) expect(text).not.toMatch(/no value|<[a-z_]+>|\{\{/);
  return alert;
}

/** Every query of the dashboard gives something, once the events that some of them count have happened. */
export async function expectPicture(w: Watch, ...stacks: readonly string[]): Promise<void> {
  for (const { facts } of w.stacks.filter((one) => stacks.includes(one.facts.stack))) {
    const queries = rows(facts).flatMap((row) => row.panels.flatMap((panel) => panel.queries));
    const empty = new Set<string>();
    for (const { expr } of queries) {
      const found = await w.query(expr.replaceAll('$__rate_interval', '10s'));
      if (found.length === 0) empty.add(expr);
    }
    expect([...empty].filter((expr) => !/redis_errors_total|latency_spike/.test(expr))).toEqual([]);
  }
}

/** What the exporter at hand never told, of all that the rules of these stacks look at. */
export async function expectMetrics(w: Watch): Promise<void> {
  const missing = new Set<string>();
  for (const { facts } of w.stacks) {
    const exprs = alertsFor(facts).map((alert) => alert.expr(facts));
    for (const metric of new Set(exprs.join(' ').match(/\b(?:redis|probe)_[a-z_]+(?=\{)/g))) {
      const [found] = await w.query(`count(last_over_time(${metric}{stack="${facts.stack}"}[30m]))`);
      // A standstill is brought about on one stack only.
      if (!found && !/latency_spike/.test(metric)) missing.add(`${facts.stack} ${metric}`);
    }
  }
  expect([...missing]).toEqual([]);
}

import type { Facts, NodeFacts } from '../facts.ts';
import { callsOf, uptimeSeconds } from '../rules/patterns/calls.ts';
import type { ChecklistItem } from '../types.ts';

/** Names that exporters and agents give themselves, or are given. */
const EXPORTER =
  /exporter|prometheus|telegraf|datadog|dd-agent|zabbix|newrelic|grafana|netdata|collectd|metrics|monitor/i;
/** What only those who watch a server ask for, again and again. */
const QUESTIONS = ['slowlog|get', 'slowlog|len', 'latency|latest', 'latency|histogram', 'client|list'];
const SELDOM_SECONDS = 300;
const FRESH_SECONDS = 1800;
/** A Sentinel asks each node for INFO every ten seconds, replicas of a failing primary every second. */
const INFOS_PER_SENTINEL_SECOND = 0.15;
const INFOS_PER_SECOND = 1 / 120;

export const monitoring: ChecklistItem = {
  id: 'monitoring',
  question: 'Does anything watch the servers and keep its figures?',
  why: 'Full memory, a replica that falls behind and a failing save show hours before they hurt, to whoever looks.',
  answer(facts) {
    if (facts.source === 'spec') return planned(facts);
    const seen = facts.nodes.flatMap(watchers);
    if (seen.length > 0) return { answer: 'yes', evidence: seen.slice(0, 6) };
    const judged = facts.nodes.filter(
      (node) => node.commands !== undefined && (uptimeSeconds(node) ?? 0) >= FRESH_SECONDS,
    );
    if (judged.length === 0) {
      return {
        answer: 'unseen',
        evidence: ['There are no command statistics, or the servers started a short while ago.'],
      };
    }
    const asked = judged.filter((node) => asksForInfo(facts, node));
    if (asked.length > 0) return { answer: 'unseen', evidence: asked.slice(0, 6).map(infos) };
    return { answer: 'no', evidence: judged.slice(0, 6).map(quiet) };
  },
};

function planned({ model }: Facts): ReturnType<ChecklistItem['answer']> {
  const targets = model?.spec.targets ?? [];
  return {
    answer: targets.some((one) => one === 'monitoring') ? 'yes' : 'no',
    evidence: [`targets: ${targets.join(', ')}`],
  };
}

function watchers(node: NodeFacts): readonly string[] {
  const named = (node.clients?.groups ?? [])
    .filter(({ user, name, library }) => [user, name, library].some((text) => EXPORTER.test(text)))
    .map(({ user, name, host }) => `${node.name}: client user=${user} name=${name} addr=${host}`);
  const uptime = uptimeSeconds(node) ?? 0;
  const asked = QUESTIONS.filter((name) => callsOf(node, name) >= Math.max(3, uptime / SELDOM_SECONDS));
  return [
    ...named,
    ...asked.map((name) => `${node.name}: cmdstat_${name}:calls=${callsOf(node, name)} in ${uptime} s`),
  ];
}

/** Health checks and client libraries ask for INFO too, so that it says little alone. */
function asksForInfo({ sentinels }: Facts, node: NodeFacts): boolean {
  const uptime = uptimeSeconds(node) ?? 0;
  const others = callsOf(node, 'info') - sentinels.length * uptime * INFOS_PER_SENTINEL_SECOND;
  return others >= uptime * INFOS_PER_SECOND;
}

const infos = (node: NodeFacts): string =>
  `${node.name}: cmdstat_info:calls=${callsOf(node, 'info')} in ${uptimeSeconds(node)} s, by health checks or by something that keeps the figures`;

const quiet = (node: NodeFacts): string =>
  `${node.name}: ${QUESTIONS.slice(0, 3)
    .map((name) => `cmdstat_${name}:calls=${callsOf(node, name)}`)
    .join(', ')} in ${uptimeSeconds(node)} s`;

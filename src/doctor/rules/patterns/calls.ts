import type { CommandFacts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';

/** Commands whose time holds that of the commands they run, which are counted once more by themselves. */
const RUNS_OTHERS = /^(eval|evalsha|fcall)(_ro)?$|^exec$/;

export const SCRIPTS: readonly string[] = ['eval', 'evalsha', 'fcall', 'eval_ro', 'evalsha_ro', 'fcall_ro'];

export const commandOf = (node: NodeFacts, name: string): CommandFacts | undefined =>
  node.commands?.find((one) => one.name === name);

/** Calls of all these together. */
export const callsOf = (node: NodeFacts, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (commandOf(node, name)?.calls ?? 0), 0);

export const allCalls = (node: NodeFacts): number =>
  (node.commands ?? []).reduce((sum, { calls }) => sum + calls, 0);

/** Time that a server has spent on commands, without counting what scripts run twice. */
export const commandUsec = (node: NodeFacts): number =>
  (node.commands ?? [])
    .filter(({ name }) => !RUNS_OTHERS.test(name))
    .reduce((sum, { usec }) => sum + usec, 0);

export const meanUsec = ({ calls, usec }: CommandFacts): number => (calls === 0 ? 0 : usec / calls);

export const uptimeSeconds = (node: NodeFacts): number | undefined => number(node.info, 'uptime_in_seconds');

/** As INFO commandstats and latencystats print it. */
export function evidenceOf({ name, calls, usec, p99Usec }: CommandFacts): readonly string[] {
  const perCall = calls === 0 ? '0.00' : (usec / calls).toFixed(2);
  const counted = `cmdstat_${name}:calls=${calls},usec=${usec},usec_per_call=${perCall}`;
  return p99Usec === undefined ? [counted] : [counted, `latency_percentiles_usec_${name}:p99=${p99Usec}`];
}

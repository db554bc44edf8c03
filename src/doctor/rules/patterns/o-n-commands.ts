import type { CommandFacts, NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';
import { duration, many, percent } from '../../words.ts';
import { commandUsec, evidenceOf, meanUsec, uptimeSeconds } from './calls.ts';
import { COSTLY } from './costly-commands.ts';

/** Fewer calls say little of how a server is used. */
const FEW_CALLS = 100;
/** Most commands take a few microseconds: one of these holds up some hundred others. */
const SLOW_USEC = 1000;
/** What the slow log calls slow unless told otherwise. */
const STALL_USEC = 10_000;
const MUCH_OF_COMMANDS = 0.1;
const MUCH_OF_TIME = 0.01;

export const onCommands: Rule = {
  id: 'o-n-commands',
  group: 'patterns',
  severity: 'warning',
  title: 'Commands that read or change whole large values',
  looksAt: ['cmdstat_*', 'latency_percentiles_usec_*', 'uptime_in_seconds'],
  why: 'Commands run one after the other. One whose time grows with the size of a value keeps everybody waiting, longer with every element that is added.',
  fix: 'Ask for a part: a bounded range, named fields, a page of a SCAN. Free memory with UNLINK and ASYNC.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
    'https://redis.io/kb/doc/1mebipyp1e/performance-tuning-best-practices',
    'https://valkey.io/topics/latency/',
  ],
  find: ({ nodes }) =>
    nodes.flatMap((node) => (node.commands ?? []).flatMap((command) => findOne(node, command))),
};

function findOne(node: NodeFacts, command: CommandFacts): readonly Found[] {
  const costly = COSTLY[command.name];
  if (costly === undefined || (costly.writes && node.role === 'replica')) return [];
  if (command.calls < FEW_CALLS || !isSlow(command)) return [];
  const total = commandUsec(node);
  const share = total === 0 ? 0 : command.usec / total;
  const name = command.name.replace('|', ' ').toUpperCase();
  const p99 =
    command.p99Usec === undefined ? '' : `, one call in a hundred takes ${duration(command.p99Usec)} or more`;
  return [
    {
      severity: share >= MUCH_OF_COMMANDS && isBusy(node, command) ? 'warning' : 'note',
      at: node.name,
      message: `${name} takes ${duration(meanUsec(command))} on average${p99}: ${many(command.calls, 'call')} are ${percent(share)} of all time spent on commands. It grows with ${costly.grows}.`,
      evidence: evidenceOf(command),
      remedy: costly.instead,
      fixes: fixes(node, command.name),
    },
  ];
}

const isSlow = (command: CommandFacts): boolean =>
  meanUsec(command) >= SLOW_USEC || (command.p99Usec ?? 0) >= STALL_USEC;

/** Worth a warning: it stalls others for long, or takes a part of the server's time that is worth having back. */
function isBusy(node: NodeFacts, command: CommandFacts): boolean {
  const upUsec = (uptimeSeconds(node) ?? 0) * 1e6;
  return (
    meanUsec(command) >= STALL_USEC ||
    (command.p99Usec ?? 0) >= STALL_USEC ||
    command.usec >= upUsec * MUCH_OF_TIME
  );
}

const LAZY: Readonly<Record<string, string>> = {
  del: 'lazyfree-lazy-user-del',
  flushall: 'lazyfree-lazy-user-flush',
  flushdb: 'lazyfree-lazy-user-flush',
};

function fixes(node: NodeFacts, command: string): readonly Fix[] {
  const name = LAZY[command];
  if (name === undefined || setting(node, name) !== 'no') return [];
  return [
    {
      kind: 'command',
      at: node.name,
      words: ['CONFIG', 'SET', name, 'yes'],
      live: true,
      effect: `${command.toUpperCase()} frees memory beside the service; CONFIG REWRITE or the file keeps it so.`,
    },
  ];
}

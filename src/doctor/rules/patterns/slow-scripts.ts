import type { CommandFacts, NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration, many, percent } from '../../words.ts';
import { commandOf, evidenceOf, meanUsec, SCRIPTS, uptimeSeconds } from './calls.ts';

const FEW_CALLS = 100;
/** A script of some ten commands takes well below this. */
const SLOW_USEC = 2000;
const STALL_USEC = 10_000;
const MUCH_OF_TIME = 0.1;

export const slowScripts: Rule = {
  id: 'slow-scripts',
  group: 'patterns',
  severity: 'warning',
  title: 'Scripts and functions that run long',
  looksAt: ['cmdstat_eval', 'cmdstat_evalsha', 'cmdstat_fcall', 'uptime_in_seconds'],
  why: 'A script or function runs alone: nobody else is answered until it ends. From busy-reply-threshold on, clients get BUSY errors instead.',
  fix: 'Let a script touch a bounded number of elements a call, and call it again for the rest.',
  sources: [
    'https://redis.io/docs/latest/develop/programmability/eval-intro/',
    'https://redis.io/docs/latest/develop/programmability/',
  ],
  find: ({ nodes }) =>
    nodes.flatMap((node) => SCRIPTS.flatMap((name) => findOne(node, commandOf(node, name)))),
};

function findOne(node: NodeFacts, command: CommandFacts | undefined): readonly Found[] {
  if (command === undefined || command.calls < FEW_CALLS) return [];
  const mean = meanUsec(command);
  const stalls = mean >= STALL_USEC || (command.p99Usec ?? 0) >= STALL_USEC;
  if (mean < SLOW_USEC && !stalls) return [];
  const upUsec = (uptimeSeconds(node) ?? 0) * 1e6;
  const share = upUsec === 0 ? 0 : command.usec / upUsec;
  const tail =
    command.p99Usec === undefined ? '' : `, one call in a hundred takes ${duration(command.p99Usec)} or more`;
  return [
    {
      severity: mean >= STALL_USEC || share >= MUCH_OF_TIME ? 'warning' : 'note',
      at: node.name,
      message: `${command.name.toUpperCase()} takes ${duration(mean)} on average${tail}; ${many(command.calls, 'call')} are ${percent(share)} of the time the server has been up.`,
      evidence: [...evidenceOf(command), `uptime_in_seconds:${uptimeSeconds(node) ?? '?'}`],
      remedy:
        'Let the script work on a bounded number of elements a call and repeat it, and leave out commands that walk whole values; SLOWLOG GET names the slow ones.',
    },
  ];
}

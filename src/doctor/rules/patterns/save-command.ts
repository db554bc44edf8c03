import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { duration, many } from '../../words.ts';
import { commandOf, evidenceOf, meanUsec } from './calls.ts';

/** Shorter is a server with next to nothing in it. */
const FELT_USEC = 10_000;

export const saveCommand: Rule = {
  id: 'save-command',
  group: 'patterns',
  severity: 'warning',
  title: 'SAVE in use',
  looksAt: ['cmdstat_save'],
  why: 'SAVE writes the whole snapshot in the process that serves, so that nobody is answered until it is done: seconds for each gigabyte.',
  fix: 'Use BGSAVE, or let the `save` setting do it.',
  sources: ['https://redis.io/docs/latest/commands/save/', 'https://valkey.io/commands/save/'],
  find: ({ nodes }) => nodes.flatMap(findOn),
};

function findOn(node: NodeFacts): readonly Found[] {
  const save = commandOf(node, 'save');
  if (save === undefined || save.calls === 0 || meanUsec(save) < FELT_USEC) return [];
  return [
    {
      at: node.name,
      message: `SAVE has been called ${many(save.calls, 'time')} and stopped the service for ${duration(meanUsec(save))} on average.`,
      evidence: evidenceOf(save),
      remedy: 'Call BGSAVE instead; it writes in a child process.',
    },
  ];
}

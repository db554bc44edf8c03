import { cut, visible } from '../../visible.ts';

export interface Refusal {
  readonly why: string;
  /** The ACL rule that is missing. */
  readonly allow?: string;
}

/** What the first words of a refusal mean. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^NOPERM.*key/i, 'this user may not touch these keys'],
  [/^NOPERM/i, 'this user may not ask'],
  [/^NOAUTH/i, 'it wants a login'],
  [/^LOADING/i, 'it is still loading its data'],
  [/^MASTERDOWN/i, 'it is a replica without its primary, and set to answer nothing until then'],
  [/^BUSY/i, 'it is busy with a script'],
  [/^DENIED/i, 'it is in protected mode: without a password it answers only its own machine'],
  [/^(ERR )?max number of clients/i, 'it takes no more clients (maxclients)'],
  [/^CLUSTERDOWN/i, 'its cluster does not serve'],
  [
    /unknown (sub)?command|unsupported command|invalid request|not supported|unknown.*subcommand/i,
    'it does not know this command: an older release, a command that is renamed or switched off, a managed service or a proxy',
  ],
  [/Socket closed/i, 'it hangs up'],
];

const NO_RIGHT = /^NOPERM/i;
const NO_KEY = /^NOPERM.*\bkeys?\b/i;

/** `said` is the error reply, `name` the command as INFO names it. */
export function refusalOf(said: string, name: string): Refusal {
  const first = oneLine(said);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(said))?.[1];
  const why = meaning === undefined ? first : `${meaning} (${first})`;
  if (!NO_RIGHT.test(said)) return { why };
  return { why, allow: NO_KEY.test(said) ? '~*' : `+${name}` };
}

/** One line of at most 160 characters. */
const oneLine = (text: string): string => cut(visible(text.replace(/\s+/g, ' ').trim()), 160);

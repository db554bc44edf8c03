import type { Finding, Fix } from './types.ts';

export type CommandFix = Extract<Fix, { kind: 'command' }>;
export type SpecFix = Extract<Fix, { kind: 'spec' }>;

/** What mends a finding, each thing once however many findings ask for it. */
export interface Mending {
  /** Changes of redis-stack.yaml. Where several findings ask for one path, the worst one's value stands. */
  readonly spec: readonly SpecFix[];
  /** Commands that may be given to servers that serve. */
  readonly live: readonly CommandFix[];
  /** Commands that a person should give, at a time of their choosing. */
  readonly byHand: readonly CommandFix[];
}

export function mendingOf(findings: readonly Finding[]): Mending {
  const all = findings.flatMap(({ fixes }) => fixes);
  const spec = first(
    all.filter((fix): fix is SpecFix => fix.kind === 'spec'),
    ({ path }) => path,
  );
  const commands = first(
    all.filter((fix): fix is CommandFix => fix.kind === 'command'),
    ({ at, words }) => JSON.stringify([at, isSetting(words) ? words.slice(0, 3) : words]),
  );
  return {
    spec,
    live: commands.filter((fix) => fix.live && isSetting(fix.words)),
    byHand: commands.filter((fix) => !fix.live || !isSetting(fix.words)),
  };
}

/** `CONFIG SET name value`: the one command that is given without a person at hand, since what was there can be put back. */
export function isSetting(words: readonly string[]): boolean {
  const [command = '', verb = ''] = words;
  return words.length === 4 && command.toUpperCase() === 'CONFIG' && verb.toUpperCase() === 'SET';
}

function first<T>(all: readonly T[], key: (one: T) => string): readonly T[] {
  const seen = new Set<string>();
  return all.filter((one) => !seen.has(key(one)) && seen.add(key(one)));
}

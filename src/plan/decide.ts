import type { RenderedFile } from '../targets/types.ts';
import type { MergeResult } from './merge/index.ts';
import type { Change, Plan, PristineFile } from './types.ts';

export interface Situation {
  readonly pristine: ReadonlyMap<string, PristineFile>;
  /** The text on disk of every path that is in `pristine` or `next`, where there is one. */
  readonly current: ReadonlyMap<string, string>;
  readonly next: readonly RenderedFile[];
}

/** Joins the user's edits with ours, or says what they both touch. */
export type Merge = (path: string, pristine: string, current: string, next: string) => MergeResult;

/** One decision for each path, by what we wrote last, what is there now, and what is to be. Pure. */
export function planChanges(situation: Situation, merge: Merge): Plan {
  const nextPaths = new Set(situation.next.map((file) => file.path));
  const retired = [...situation.pristine.values()].filter((file) => !nextPaths.has(file.path));
  const changes = [
    ...situation.next.map((file) => decide(file, situation, merge)),
    ...retired.map((file) => retire(file, situation.current.get(file.path))),
  ];
  return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function decide(next: RenderedFile, { pristine, current }: Situation, merge: Merge): Change {
  const before = pristine.get(next.path);
  const now = current.get(next.path);
  const base = { path: next.path, mode: next.mode, ownership: next.ownership } as const;
  const write = (action: 'create' | 'update', because: string): Change => ({
    ...base,
    action,
    because,
    text: next.text,
    pristine: next.text,
  });
  const keep = (because: string, known = next.text): Change => ({
    ...base,
    action: 'keep',
    because,
    pristine: known,
  });

  if (now === undefined) {
    if (!before) return write('create', 'new');
    return keep(
      before.text === next.text ? 'you deleted it' : 'you deleted it, and it would be different now',
    );
  }
  if (now === next.text) return keep('unchanged');
  if (next.ownership === 'seed' && before) return keep('yours since it was written');
  if (!before)
    return { ...base, action: 'conflict', because: 'a file that is not ours stands there', text: next.text };
  if (now === before.text) return write('update', 'follows from the spec');
  if (before.text === next.text) return keep('your edits');
  const merged = merge(next.path, before.text, now, next.text);
  if (merged.ok)
    return {
      ...base,
      action: 'merge',
      because: 'your edits and the new text',
      text: merged.text,
      pristine: next.text,
    };
  const places = merged.clashes.map((clash) => clash.at).join(', ');
  return {
    ...base,
    action: 'conflict',
    because: `you and we changed ${places}`,
    text: merged.proposal,
    pristine: before.text,
  };
}

function retire(before: PristineFile, now: string | undefined): Change {
  const base = { path: before.path, mode: before.mode, ownership: before.ownership } as const;
  if (now === undefined) return { ...base, action: 'keep', because: 'no longer part of the stack, and gone' };
  if (before.ownership === 'seed')
    return { ...base, action: 'keep', because: 'no longer part of the stack; yours' };
  if (now === before.text) return { ...base, action: 'delete', because: 'no longer part of the stack' };
  return { ...base, action: 'keep', because: 'no longer part of the stack, but you edited it' };
}

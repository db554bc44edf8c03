import type { RenderedFile } from '../targets/types.ts';
import type { MergeResult } from './merge/index.ts';
import type { Change, Choices, CurrentFile, Guard, PristineFile } from './types.ts';
import { NO_CHOICES } from './types.ts';

export interface Situation {
  readonly pristine: ReadonlyMap<string, PristineFile>;
  /** What is on disk at every path that is in `pristine` or `next`, where there is something. */
  readonly current: ReadonlyMap<string, CurrentFile>;
  readonly next: readonly RenderedFile[];
}

/** Joins the user's edits with ours, or says what they both touch; `settle` takes one side where they clash. */
export type Merge = (
  path: string,
  pristine: string,
  current: string,
  next: string,
  settle?: 'yours' | 'generated',
) => MergeResult;

/** One decision for each path, by what we wrote last, what is there now, and what is to be. Pure. */
export function planChanges(
  situation: Situation,
  merge: Merge,
  choices: Choices = NO_CHOICES,
): readonly Change[] {
  const nextPaths = new Set(situation.next.map((file) => file.path));
  const retired = [...situation.pristine.values()].filter((file) => !nextPaths.has(file.path));
  const changes = [
    ...situation.next.map((next) => decide(see(next, situation), merge, choices)),
    ...retired.map((file) => retire(file, situation.current.get(file.path))),
  ];
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The three sides of one path. */
interface Sides {
  readonly before: PristineFile | undefined;
  readonly now: CurrentFile | undefined;
  readonly next: RenderedFile;
}

function see(next: RenderedFile, { pristine, current }: Situation): Sides {
  return { before: pristine.get(next.path), now: current.get(next.path), next };
}

function decide(sides: Sides, merge: Merge, choices: Choices): Change {
  const { before, now, next } = sides;
  const settle = choices.settle(next.path);
  if (!now) return absent(sides, choices.restore.has(next.path));
  if (now.guard && !(settle === 'generated' && CAN_BE_REPLACED.has(now.guard)))
    return guarded(sides, now.guard, settle);
  if (now.text === next.text) return same(sides);
  if (!before) return foreign(sides, settle);
  if (!isEdited(before, now)) return write(sides, 'update', 'follows', 'follows from the spec');
  if (next.ownership === 'seed') return keep(sides, 'seed', 'yours since you edited it');
  if (before.text === next.text) return keep(sides, 'edited', 'your edits');
  return mergeSides(sides, before, merge, settle);
}

/** Of a seed that is the user's no text of ours is known. */
function isEdited(before: PristineFile, now: CurrentFile): boolean {
  return now.text !== before.text || (before.ownership === 'seed' && before.text === '');
}

/** The user's permission bits stay where they differ from those that we gave. */
function modeOf({ before, now, next }: Sides): number {
  return now && before && now.mode !== before.mode ? now.mode : next.mode;
}

function baseOf(sides: Sides) {
  const { path, ownership } = sides.next;
  return {
    path,
    ownership,
    mode: modeOf(sides),
    pristineMode: sides.next.mode,
    ...(sides.now ? { current: sides.now.text } : {}),
  };
}

function write(sides: Sides, action: 'create' | 'update', reason: Change['reason'], because: string): Change {
  const { text } = sides.next;
  return { ...baseOf(sides), action, reason, because, text, pristine: text };
}

function keep(sides: Sides, reason: Change['reason'], because: string): Change {
  return { ...baseOf(sides), action: 'keep', reason, because, pristine: sides.next.text };
}

/** Left as it is, with a proposal beside it; what we take for our last text does not move. */
function conflict(sides: Sides, reason: Change['reason'], because: string, text = sides.next.text): Change {
  const { before } = sides;
  return {
    ...baseOf(sides),
    action: 'conflict',
    reason,
    because,
    text,
    ...(before ? { pristine: before.text, pristineMode: before.mode } : {}),
  };
}

function absent(sides: Sides, restore: boolean): Change {
  const { before, next } = sides;
  if (!before) return write(sides, 'create', 'new', 'new');
  if (restore) return write(sides, 'create', 'restored', 'you asked for it back');
  const moved = before.text === next.text ? '' : ', and it would be different now';
  return keep(sides, 'deleted', `you deleted it${moved}; --restore ${next.path} brings it back`);
}

/** The text is right; permission bits that we changed and the user did not are followed. */
function same(sides: Sides): Change {
  const { before, now, next } = sides;
  const moves = before && now && now.mode === before.mode && next.mode !== before.mode;
  return moves
    ? write(sides, 'update', 'permissions', `permissions ${next.mode.toString(8)}`)
    : keep(sides, 'unchanged', 'unchanged');
}

function foreign(sides: Sides, settle: 'yours' | 'generated' | undefined): Change {
  if (settle === 'yours') return keep(sides, 'settled', 'yours, as you chose');
  if (settle === 'generated') return write(sides, 'update', 'settled', 'generated, as you chose');
  return conflict(sides, 'foreign', 'a file that is not ours stands there');
}

const GUARDS: Readonly<Record<Guard, string>> = {
  link: 'it is a link',
  'linked-folder': 'its folder is a link',
  'read-only': 'it is read-only',
  'not-text': 'it is not UTF-8 text',
  'not-a-file': 'it is not a file',
};

/** What the user may ask to have replaced; the others would reach beyond the stack, or are no file. */
const CAN_BE_REPLACED: ReadonlySet<Guard> = new Set(['link', 'read-only', 'not-text']);

/** What must not be written over is a conflict as soon as it would have to be. */
function guarded(sides: Sides, guard: Guard, settle: 'yours' | 'generated' | undefined): Change {
  const { before, now, next } = sides;
  if (now?.text === next.text && guard !== 'not-a-file') return keep(sides, 'unchanged', 'unchanged');
  if (before?.text === next.text) return keep(sides, 'edited', `yours: ${GUARDS[guard]}`);
  if (settle === 'yours') return keep(sides, 'settled', 'yours, as you chose');
  return conflict(sides, 'guarded', GUARDS[guard]);
}

function mergeSides(
  sides: Sides,
  before: PristineFile,
  merge: Merge,
  settle: 'yours' | 'generated' | undefined,
): Change {
  const { now, next } = sides;
  const merged = merge(next.path, before.text, now?.text ?? '', next.text, settle);
  if (!merged.ok) {
    const places = merged.clashes.map((clash) => clash.at).join(', ');
    return conflict(sides, 'clash', `you and we changed ${places}`, merged.proposal);
  }
  const reason = settle ? 'settled' : 'merged';
  const because =
    settle === 'yours' ? 'yours where both changed it, as you chose' : 'your edits and the new text';
  if (merged.text === now?.text) return keep(sides, settle ? 'settled' : 'edited', because);
  return { ...write(sides, 'update', reason, because), action: 'merge', text: merged.text };
}

function retire(before: PristineFile, now: CurrentFile | undefined): Change {
  const base = {
    path: before.path,
    mode: before.mode,
    ownership: before.ownership,
    ...(now ? { current: now.text } : {}),
  } as const;
  const stay = (because: string): Change => ({
    ...base,
    action: 'keep',
    reason: 'retired',
    because: `no longer part of the stack${because}`,
  });
  if (!now) return stay(', and gone');
  // Our last text stays known, so that the file is merged when the stack takes it in again.
  if (isEdited(before, now))
    return { ...stay(', but you edited it'), pristine: before.text, pristineMode: before.mode };
  if (now.guard) return stay(`, but ${GUARDS[now.guard]}`);
  return { ...base, action: 'delete', reason: 'retired', because: 'no longer part of the stack' };
}

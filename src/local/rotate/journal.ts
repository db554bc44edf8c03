import * as v from 'valibot';
import type { Files } from '../../system.ts';
import { inside, RUN } from '../../workspace/paths.ts';

const JOURNAL = `${RUN}/rotation.json`;

const journalSchema = v.strictObject({
  format: v.literal(1),
  users: v.array(v.string()),
  /** Set when the old passwords begin to go: from then on a file with one line is one that is done. */
  isWithdrawing: v.boolean(),
  /** By node: which process it was, and the number that its next connection would have had when the passwords changed. */
  sessions: v.record(v.string(), v.strictObject({ run: v.string(), before: v.number() })),
});

/** Which connections are older than the new passwords. Lost, it is only not known any more who has moved. */
export type Journal = Omit<v.InferOutput<typeof journalSchema>, 'format'>;
export type Marks = Journal['sessions'];

export function readJournal(files: Files, root: string): Journal | undefined {
  try {
    const { format: _, ...journal } = v.parse(
      journalSchema,
      JSON.parse(files.read(inside(root, JOURNAL)) ?? ''),
    );
    return journal;
  } catch {
    return undefined;
  }
}

export function writeJournal(files: Files, root: string, journal: Journal): void {
  const path = inside(root, JOURNAL);
  files.write(`${path}.new`, `${JSON.stringify({ format: 1, ...journal }, null, 2)}\n`, 0o600);
  files.move(`${path}.new`, path);
}

export function forgetJournal(files: Files, root: string): void {
  files.remove(inside(root, JOURNAL));
}

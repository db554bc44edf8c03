import * as v from 'valibot';
import { identify, isRunning } from '../local/process.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Files } from '../system.ts';
import { inside, OURS } from '../workspace/paths.ts';

/** Everything of a migration that is under way. */
export const FOLDER = `${OURS}/migrate`;
/** The configuration of the new stack, until it is in its place. */
export const NEXT_FOLDER = `${FOLDER}/next`;
const JOURNAL = `${FOLDER}/journal.json`;

const place = v.strictObject({ port: v.number(), busPort: v.optional(v.number()) });

const journalSchema = v.strictObject({
  format: v.literal(1),
  kind: v.picklist(['native', 'compose']),
  /** The specs, as redis-stack.yaml has them; `before` is absent where the data comes from a foreign server. */
  before: v.optional(v.record(v.string(), v.unknown())),
  after: v.record(v.string(), v.unknown()),
  /** The foreign server, without its password. */
  from: v.optional(
    v.strictObject({
      host: v.string(),
      port: v.number(),
      user: v.string(),
      tls: v.boolean(),
      ca: v.optional(v.string()),
    }),
  ),
  /** The ports of the new nodes, chosen once, so that a second run finds them again. */
  places: v.record(v.string(), place),
  /** Steps that are done, in their order, and the one that was begun. */
  done: v.array(v.string()),
  begun: v.optional(v.string()),
  /** What steps must remember: values to put back, ids. */
  facts: v.record(v.string(), v.string()),
  /** True while it is being rolled back. */
  back: v.boolean(),
  /** The run that writes it. */
  pid: v.number(),
  identity: v.string(),
});

export type JournalData = v.InferOutput<typeof journalSchema>;
export type Place = v.InferOutput<typeof place>;

/** Says what a migration has done, so that another process can go on or undo it if this one is killed. */
export interface Journal {
  readonly data: () => JournalData;
  /** Written before a step begins to do anything. */
  begin(step: string): void;
  finish(step: string): void;
  /** Written after a step was undone. */
  undone(step: string): void;
  turnBack(): void;
  fact(name: string): string | undefined;
  note(name: string, value: string): void;
  /** The same without waiting for the disk, where clients wait meanwhile: it outlives this process, not the machine. */
  noteSoon(name: string, value: string): void;
  /** Where a node is from now on; like `noteSoon`. */
  place(name: string, place: Place): void;
  /** The migration is over: forgets everything of it. */
  close(): void;
}

/** What an earlier run has left, or undefined. Rejects with `migrate/bad-journal`. */
export function readJournal(files: Files, root: string): JournalData | undefined {
  const text = files.read(inside(root, JOURNAL));
  if (text === undefined) return undefined;
  const parsed = v.safeParse(journalSchema, parseJson(text));
  if (parsed.success) return parsed.output;
  throw new ProblemError(
    problem(
      'migrate/bad-journal',
      JOURNAL,
      'It says how far a migration has come, and cannot be read.',
      'Bring it back from a copy. Without it, look at `status`: both the old and the new nodes still have their data.',
    ),
  );
}

/** True while the run that wrote the journal is at work. */
export const isAtWork = (journal: JournalData): Promise<boolean> => isRunning(journal);

/** Takes a journal over, new or left behind. Rejects with `migrate/running` while another run is at work. */
export async function openJournal(
  files: Files,
  root: string,
  begun: Omit<JournalData, 'format' | 'pid' | 'identity'>,
): Promise<Journal> {
  const path = inside(root, JOURNAL);
  const present = readJournal(files, root);
  if (present && (await isAtWork(present))) throw new ProblemError(atWork(present.pid));
  const identity = (await identify(process.pid)) ?? 'gone';
  let data: JournalData = { format: 1, ...(present ?? begun), pid: process.pid, identity };
  const write = (change: Partial<JournalData>, flush = true): void => {
    data = { ...data, ...change };
    files.write(`${path}.new`, `${JSON.stringify(data, null, 2)}\n`, 0o600);
    if (flush) files.flush(`${path}.new`);
    files.move(`${path}.new`, path);
  };
  files.makeDirectory(inside(root, FOLDER), 0o700);
  write({});
  return {
    data: () => data,
    begin: (begun) => write({ begun }),
    finish: (step) => {
      const { begun: _, ...rest } = data;
      data = { ...rest, done: [...data.done.filter((one) => one !== step), step] };
      write({});
    },
    undone: (step) => {
      const { begun: _, ...rest } = data;
      data = { ...rest, done: data.done.filter((one) => one !== step) };
      write({});
    },
    turnBack: () => write({ back: true }),
    fact: (name) => data.facts[name],
    note: (name, value) => write({ facts: { ...data.facts, [name]: value } }),
    noteSoon: (name, value) => write({ facts: { ...data.facts, [name]: value } }, false),
    place: (name, where) => write({ places: { ...data.places, [name]: where } }, false),
    close: () => files.remove(inside(root, FOLDER)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const atWork = (pid: number) =>
  problem(
    'migrate/running',
    JOURNAL,
    `Another migration (process ${pid}) is at work on this stack.`,
    'Wait for it to end.',
  );

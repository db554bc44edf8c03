import * as v from 'valibot';
import { ProblemError, problem } from '../../problem.ts';
import type { Files } from '../../system.ts';
import { inside, RUN } from '../../workspace/paths.ts';
import { identify, isRunning } from '../process.ts';
import type { RunningStack } from '../running.ts';

const JOURNAL = `${RUN}/drill.json`;

const harmSchema = v.strictObject({ node: v.string(), how: v.picklist(['stopped', 'frozen', 'cut off']) });
const journalSchema = v.strictObject({
  format: v.literal(1),
  /** How the stack runs. */
  kind: v.picklist(['native', 'compose']),
  /** The drill that writes it. */
  pid: v.number(),
  identity: v.string(),
  harms: v.array(harmSchema),
});

/** What a drill has done to a node and not yet undone. */
export type Harm = v.InferOutput<typeof harmSchema>;

/** Says what a drill has done, so that another process can undo it if this one is killed. */
export interface Journal {
  /** Written before the deed. */
  add(harm: Harm): void;
  /** Written after it was undone. */
  drop(node: string): void;
  harms(): readonly Harm[];
  /** Ends the drill. */
  close(): void;
}

export interface Leftovers {
  readonly kind: RunningStack['kind'];
  readonly harms: readonly Harm[];
}

/** What a drill that was killed has left behind; rejects with `drill/running` while one is at work. */
export async function leftBehind(files: Files, root: string): Promise<Leftovers | undefined> {
  const text = files.read(inside(root, JOURNAL));
  if (text === undefined) return undefined;
  const parsed = v.safeParse(journalSchema, parseJson(text));
  if (!parsed.success) throw new ProblemError(unreadable());
  if (await isRunning(parsed.output)) throw new ProblemError(atWork(parsed.output.pid));
  return parsed.output;
}

/** Removes the journal of a drill that was killed, once its harms are mended. */
export function forgetJournal(files: Files, root: string): void {
  files.remove(inside(root, JOURNAL));
}

/** Begins a drill. Nothing must be left behind of an earlier one. */
export async function beginJournal(files: Files, root: string, kind: RunningStack['kind']): Promise<Journal> {
  const path = inside(root, JOURNAL);
  const identity = (await identify(process.pid)) ?? 'gone';
  const owner = { format: 1, kind, pid: process.pid, identity } as const;
  const print = (harms: readonly Harm[]) => `${JSON.stringify({ ...owner, harms }, null, 2)}\n`;
  // Two drills that begin at the same moment: one of them finds the file of the other.
  if (!files.createExclusive(path, print([]))) throw new ProblemError(atWork());
  let harms: readonly Harm[] = [];
  const write = (next: readonly Harm[]): void => {
    harms = next;
    files.write(`${path}.new`, print(harms), 0o600);
    files.move(`${path}.new`, path);
  };
  return {
    add: (harm) => write([...harms.filter(({ node }) => node !== harm.node), harm]),
    drop: (node) => write(harms.filter((harm) => harm.node !== node)),
    harms: () => harms,
    close: () => files.remove(path),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreadable = () =>
  problem(
    'drill/bad-journal',
    JOURNAL,
    'It says what an earlier drill did, and cannot be read.',
    'Look at `status`, run `up` for what is missing, then delete the file.',
  );

const atWork = (pid?: number) =>
  problem(
    'drill/running',
    JOURNAL,
    `Another drill${pid === undefined ? '' : ` (process ${pid})`} is at work on this stack.`,
    'Wait for it to end.',
  );

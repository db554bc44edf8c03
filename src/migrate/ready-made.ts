import { projectOf } from '../local/compose/project.ts';
import { findCompose } from '../local/compose/stack.ts';
import { findTool } from '../local/compose/tool.ts';
import { credentialsOf, passwordOf } from '../local/credentials.ts';
import { findNative } from '../local/native-stack.ts';
import { readRecord } from '../local/record.ts';
import { chooseWay } from '../local/way.ts';
import type { StackModel } from '../model/types.ts';
import { expectValue } from '../problem.ts';
import { withConnection } from '../redis/connection.ts';
import type { System } from '../system.ts';
import { composeGround } from './ground/compose.ts';
import { choosePlaces, nativeGround, nobody } from './ground/native.ts';
import { type Journal, type JournalData, openJournal } from './journal.ts';
import type { Context, Progress, Source, StackFiles } from './step.ts';
import type { Ground } from './types.ts';

/** A question waits so long for its answer; a server that forks or frees memory is silent for a while. */
const ANSWER_MS = 15_000;

export interface Task {
  readonly system: System;
  readonly root: string;
  readonly before: StackModel | undefined;
  readonly after: StackModel;
  readonly kind: Ground['kind'];
  readonly from: JournalData['from'];
  readonly source: Source | undefined;
  readonly files: StackFiles;
  readonly timeoutSeconds: number;
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
  readonly say: (progress: Progress) => void;
  readonly warn: (text: string) => void;
}

/** How the stack runs here; undefined where none of its nodes does. */
export async function runsAs(
  system: System,
  root: string,
  model: StackModel,
): Promise<Ground['kind'] | undefined> {
  if (await findNative(system, root, model)) return 'native';
  return (await findCompose(system, root, model)) ? 'compose' : undefined;
}

/** How a stack that does not run yet would be run. */
export const wouldRunAs = async (system: System, root: string, model: StackModel): Promise<Ground['kind']> =>
  (await chooseWay({ system, root, model }, undefined)).kind;

/** Everything that steps need, with the journal opened: new, or as an earlier run has left it. */
export async function contextFor(task: Task): Promise<Context> {
  const { system, root, before, after, kind, files, source, from } = task;
  const journal = await openJournal(system.files, root, {
    kind,
    ...(before ? { before: plain(before) } : {}),
    after: plain(after),
    ...(from ? { from } : {}),
    places: kind === 'native' ? await placesOf(task) : {},
    done: [],
    facts: {},
    back: false,
  });
  const credentials = credentialsOf(system.files, root, 'admin', after);
  const ground = await groundOf(task, journal);
  return {
    ground,
    journal,
    files,
    source,
    credentials,
    password: (user) => passwordOf(system.files, root, user),
    timeoutSeconds: task.timeoutSeconds,
    graceSeconds: task.graceSeconds,
    signal: task.signal,
    say: task.say,
    warn: task.warn,
    ask: ({ at }, question) => withConnection(at, credentials, question, ANSWER_MS),
    randomId: () => system.randomBytes(8).toString('hex'),
  };
}

const plain = ({ spec }: StackModel) => spec as unknown as Record<string, unknown>;

function placesOf({ system, root, before, after }: Task) {
  const nodes = [...(before?.nodes ?? []), ...after.nodes];
  return choosePlaces(nodes, readRecord(system.files, root) ?? [], {});
}

async function groundOf(task: Task, journal: Journal): Promise<Ground> {
  const { system, root, before, after, kind, timeoutSeconds } = task;
  const credentials = credentialsOf(system.files, root, 'admin', after);
  const common = { before, after, credentials, timeoutSeconds };
  if (kind === 'native') return nativeGround({ ...common, system, root, journal });
  const tool = expectValue(await findTool(system.env));
  const ground = await composeGround({ ...common, project: projectOf(system, root, after, tool) });
  return before ? ground : { ...ground, before: nobody(after) };
}

import type { StackModel } from '../../model/types.ts';
import { ProblemError, problem } from '../../problem.ts';
import type { System } from '../../system.ts';
import { makePassword, type SecretUser } from '../../workspace/secrets.ts';
import { credentialsOf } from '../credentials.ts';
import { observe } from '../observe.ts';
import { findRunning, type RunningStack } from '../running.ts';
import { allUsers, chooseUsers, type Held, heldPasswords } from './choose.ts';
import { type Journal, readJournal } from './journal.ts';
import type { RotateContext, Turn } from './types.ts';

export interface RotateOptions {
  /** Names, or undefined for all users. */
  readonly users: readonly string[] | undefined;
  /** How long clients may take to move to the new passwords, in seconds. */
  readonly graceSeconds: number;
  /** Ends connections of clients that have not moved. */
  readonly force: boolean;
  readonly onProgress: (text: string) => void;
}

/** What a rotation would do. */
export interface Intention {
  readonly kind: RunningStack['kind'];
  readonly nodes: readonly string[];
  /** Users that get a new password. */
  readonly fresh: readonly string[];
  /** Users whose new password is there already, from a run that did not come to its end. */
  readonly resumed: readonly string[];
  /** Files that are brought in line with what the servers accept, before anything else. */
  readonly mended: readonly string[];
}

export interface Prepared {
  readonly ctx: RotateContext;
  readonly held: readonly Held[];
  readonly turns: readonly Turn[];
  /** Of the run that is gone on with. */
  readonly journal: Journal | undefined;
  readonly intention: Intention;
}

/** Looks at files and servers, and changes nothing. */
export async function prepare(
  system: System,
  root: string,
  model: StackModel,
  options: RotateOptions,
): Promise<Prepared> {
  const chosen = chooseUsers(model, options.users);
  const stack = await findRunning(system, root, model);
  if (!stack) throw new ProblemError(notRunning());
  const ctx: RotateContext = { files: system.files, root, model, stack, onProgress: options.onProgress };
  const held = await Promise.all(allUsers(model).map((user) => heldPasswords(ctx, user)));
  await expectHealthy(ctx, held);
  const journal = readJournal(system.files, root);
  const underWay = usersUnderWay(held, journal);
  const turns = underWay.length > 0 ? underWay : freshTurns(chosen, held, system);
  return {
    ctx,
    held,
    turns,
    journal: underWay.length > 0 ? journal : undefined,
    intention: intentionOf(stack, held, turns),
  };
}

/** A rotation that did not come to its end is brought to it before another one begins. */
function usersUnderWay(held: readonly Held[], journal: Journal | undefined): readonly Turn[] {
  const isHalfDone = ({ user, passwords }: Held): boolean =>
    passwords.length > 1 || (journal?.isWithdrawing === true && journal.users.includes(user.name));
  return held.filter(isHalfDone).map(({ user, passwords: [next = '', ...older] }) => ({
    user,
    passwords: [next, ...older],
    isResumed: true,
  }));
}

function freshTurns(chosen: readonly SecretUser[], held: readonly Held[], system: System): readonly Turn[] {
  const names = new Set(chosen.map(({ name }) => name));
  return held
    .filter(({ user }) => names.has(user.name))
    .map(({ user, passwords }) => ({
      user,
      passwords: [makePassword(system.randomBytes), ...passwords],
      isResumed: false,
    }));
}

function intentionOf(stack: RunningStack, held: readonly Held[], turns: readonly Turn[]): Intention {
  const names = (isResumed: boolean) =>
    turns.filter((turn) => turn.isResumed === isResumed).map(({ user }) => user.name);
  return {
    kind: stack.kind,
    nodes: stack.placed.nodes.map(({ name }) => name),
    fresh: names(false),
    resumed: names(true),
    mended: held.flatMap(({ user, differs }) =>
      differs === 'no' ? [] : [differs === '.env' ? `.env (${user.passwordEnv})` : `.secrets/${user.name}`],
    ),
  };
}

/** Every node has to take part: of one that is away nobody can say what it accepts, and whom it knows. */
async function expectHealthy({ files, root, stack }: RotateContext, held: readonly Held[]): Promise<void> {
  const [password] = held.find(({ user }) => user.name === 'admin')?.passwords ?? [];
  const login = credentialsOf(files, root, 'admin', stack.placed);
  const { missing } = await observe({
    model: stack.placed,
    credentials: { ...login, ...(password === undefined ? {} : { password }) },
  });
  if (missing.length === 0) return;
  throw new ProblemError(
    problem(
      'rotate/not-healthy',
      'the stack',
      `It is not healthy: it waits until ${missing.join('; ')}. Nothing was changed.`,
      'Bring it up first (`up`), then run `rotate` again.',
    ),
  );
}

function notRunning() {
  return problem(
    'rotate/not-running',
    'the stack',
    'Nothing of this stack runs here, so no server can be given a new password.',
    'Start it with `up`, then run `rotate` again.',
  );
}

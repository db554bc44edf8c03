import type { StackModel, StackNode } from '../model/types.ts';
import { type Problem, problem } from '../problem.ts';
import type { System } from '../system.ts';
import type { ClientCall } from './client-words.ts';
import { findCompose } from './compose/stack.ts';
import { findNative } from './native-stack.ts';

/** A command as a value: one place runs it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** What a script or program said when it ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stack that runs on this machine, and what can be done to its nodes; the same natively and in Compose. */
export interface RunningStack {
  readonly kind: 'native' | 'compose';
  /** Nodes as this machine reaches them: ip 127.0.0.1 and the port that is open there. */
  readonly placed: StackModel;
  /** Runs conf/scripts/<script> as this node would: with its environment, its secrets, its folders. */
  script(
    node: StackNode,
    script: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Said>;
  /** Starts a node that was stopped or killed. Does not wait until it serves. */
  start(node: StackNode): Promise<void>;
  /** A planned stop: the node hands over, saves and ends within its grace period. Rejects when it does not. */
  stop(node: StackNode): Promise<void>;
  /** Ends a node at once, as a crash would. */
  kill(node: StackNode): Promise<void>;
  /** Holds a node still: it keeps its connections and answers nothing. */
  freeze(node: StackNode): Promise<void>;
  thaw(node: StackNode): Promise<void>;
  /** The last lines that a node wrote. */
  logs(node: StackNode, lines: number): Promise<string>;
  /** The engine's command line client, logged in at a node. No password is among its words. */
  client(node: StackNode, call: ClientCall): Command;
}

/** What to say where a command needs a stack that runs. `dir` as the user gave it. */
export const notRunning = (dir: string): Problem =>
  problem(
    'local/not-started',
    dir,
    'Nothing of this stack runs here.',
    `Run create-redis-stack up${dir === '.' ? '' : ` ${dir}`} first.`,
  );

/** How this stack runs here, or undefined when none of its nodes does. */
export async function findRunning(
  system: System,
  root: string,
  model: StackModel,
): Promise<RunningStack | undefined> {
  return (await findNative(system, root, model)) ?? findCompose(system, root, model);
}

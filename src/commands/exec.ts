import { execa } from 'execa';
import { credentialsOf } from '../local/credentials.ts';
import { observe } from '../local/observe.ts';
import { type Command, findRunning, notRunning, type RunningStack } from '../local/running.ts';
import { dataNodes } from '../model/build.ts';
import type { StackModel, StackNode } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { type OpenStack, openStack } from './stack.ts';

export interface ExecArguments {
  readonly dir: string;
  /** The tool and its own words, as they stand behind `--`. */
  readonly words: readonly string[];
  readonly user: string;
  readonly node: string | undefined;
  readonly json: boolean;
}

/** Runs the engine's client against the running stack. Gives the client's own exit code. */
export async function exec(system: System, args: ExecArguments): Promise<number> {
  const stack = openStack(system, args.dir);
  const [tool = stack.model.engine.cli, ...words] = args.words;
  expectClient(tool, stack.model);
  expectUser(stack.model, args.user);
  const running = await findRunning(system, stack.root, stack.model);
  if (!running) throw new ProblemError(notRunning(args.dir));
  const node = await chooseNode(system, stack, running, args.node);
  const terminal = !args.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const command = running.client(node, { user: args.user, args: words, terminal });
  return args.json ? captured(system, command) : attached(command);
}

/** Both engines' names mean the client of this stack's engine. */
function expectClient(tool: string, { engine }: StackModel): void {
  if (['redis-cli', 'valkey-cli'].includes(tool)) return;
  throw new ProblemError(
    problem(
      'exec/not-a-client',
      tool,
      'Only the command line client takes its password without showing it to everybody on this machine.',
      `Run for instance: create-redis-stack exec -- ${engine.cli} --latency. For anything else there is \`docker compose exec\`.`,
    ),
  );
}

function expectUser({ users, sentinel }: StackModel, name: string): void {
  const known = [...new Set([...users, ...(sentinel?.users ?? [])].map((user) => user.name))];
  if (known.includes(name)) return;
  throw new ProblemError(
    problem('exec/unknown-user', '--user', `There is no user '${name}'.`, `One of ${known.join(', ')}.`),
  );
}

/** The named node, or the present primary. */
async function chooseNode(
  system: System,
  { root, model }: OpenStack,
  { placed }: RunningStack,
  name: string | undefined,
): Promise<StackNode> {
  const { nodes } = placed;
  if (name !== undefined) {
    const found = nodes.find((node) => node.name === name);
    if (found) return found;
    const names = nodes.map((node) => node.name).join(', ');
    throw new ProblemError(
      problem('exec/unknown-node', '--node', `There is no node '${name}'.`, `One of ${names}.`),
    );
  }
  const { nodes: rows } = await observe({
    model: { ...placed, nodes: dataNodes(nodes) },
    credentials: credentialsOf(system.files, root, 'admin', model),
  });
  const answering = rows.filter((row) => row.state !== 'unreachable');
  const chosen = answering.find((row) => row.role === 'primary') ?? answering[0];
  const node = nodes.find((one) => one.name === chosen?.name) ?? nodes[0];
  if (!node) throw new Error('a stack has nodes');
  return node;
}

async function attached({ file, args, env, cwd }: Command): Promise<number> {
  const options = { env: { ...env }, extendEnv: false, cwd, reject: false, stdio: 'inherit' } as const;
  const { exitCode, failed, shortMessage } = await execa(file, [...args], options);
  if (exitCode === undefined && failed) throw new ProblemError(cannotRun(file, shortMessage ?? ''));
  return exitCode ?? 1;
}

async function captured(system: System, { file, args, env, cwd }: Command): Promise<number> {
  const options = { env: { ...env }, extendEnv: false, cwd, reject: false, stdin: 'inherit' } as const;
  const { exitCode, stdout, stderr, shortMessage } = await execa(file, [...args], options);
  if (exitCode === undefined) throw new ProblemError(cannotRun(file, shortMessage ?? ''));
  system.out(`${JSON.stringify({ code: exitCode, stdout, stderr }, null, 2)}\n`);
  return exitCode;
}

function cannotRun(file: string, said: string) {
  return problem('exec/cannot-run', file, said, `Install it, or put it on the PATH.`);
}

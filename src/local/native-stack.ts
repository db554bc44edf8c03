import { execa } from 'execa';
import type { StackModel, StackNode } from '../model/types.ts';
import type { System } from '../system.ts';
import { CA_CERTIFICATE, inside } from '../workspace/paths.ts';
import { clientWords } from './client-words.ts';
import { credentialsOf, passwordOf } from './credentials.ts';
import { findEngine } from './engine.ts';
import { placeOnLoopback } from './place.ts';
import { isRunning, terminate } from './process.ts';
import { nodeFolder, type RunningNode, readRecord } from './record.ts';
import type { RunningStack } from './running.ts';
import { type StartContext, scriptEnvironment, startNodes } from './start.ts';
import { handOverIfPrimary } from './step-down.ts';

/** Seconds that a node that comes back waits for its Sentinels. */
const WAIT_SECONDS = 60;

/** The stack that `up --native` started here, when any of its processes still runs. */
export async function findNative(
  system: System,
  root: string,
  model: StackModel,
): Promise<RunningStack | undefined> {
  const record = readRecord(system.files, root) ?? [];
  const alive = await Promise.all(record.map(isRunning));
  return alive.some(Boolean) ? nativeStack(system, root, model) : undefined;
}

/** The native nodes by their record, whether they run or not. */
export function nativeStack(system: System, root: string, model: StackModel): RunningStack {
  const { files, env } = system;
  const places = new Map((readRecord(files, root) ?? []).map((node) => [node.name, node]));
  const placed = placeOnLoopback(model, places);
  const context = async (): Promise<StartContext> => ({
    files,
    root,
    env,
    engine: await findEngine(model.engine, env),
    waitSeconds: WAIT_SECONDS,
  });
  const at = (node: StackNode): StackNode => placed.nodes.find((n) => n.name === node.name) ?? node;
  return {
    kind: 'native',
    placed,
    script: async (node, script, args, more = {}) => {
      const { exitCode, stdout, stderr } = await execa(
        'sh',
        [inside(root, `conf/scripts/${script}`), ...args],
        {
          cwd: nodeFolder(root, node.name),
          env: { ...scriptEnvironment(await context(), placed, at(node)), ...more },
          extendEnv: false,
          reject: false,
          stdin: 'ignore',
        },
      );
      return { code: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) };
    },
    start: async (node) => {
      await startNodes(await context(), placed, [at(node)], readRecord(files, root) ?? []);
    },
    stop: async (node) => {
      await handOverIfPrimary({ placed, credentials: credentialsOf(files, root, 'admin', model) }, at(node));
      if (await terminate(recorded(system, root, node), model.stopGraceSeconds * 1000)) return;
      throw new Error(`${node.name} did not end within ${model.stopGraceSeconds} s`);
    },
    kill: (node) => signal(recorded(system, root, node), 'SIGKILL'),
    freeze: (node) => signal(recorded(system, root, node), 'SIGSTOP'),
    thaw: (node) => signal(recorded(system, root, node), 'SIGCONT'),
    logs: async (node, lines) => lastLines(files.read(`${nodeFolder(root, node.name)}/log`) ?? '', lines),
    client: (node, call) => ({
      file: model.engine.cli,
      args: clientWords(model, { node: at(node), caPath: inside(root, CA_CERTIFICATE) }, call),
      env: { ...env, REDISCLI_AUTH: passwordOf(files, root, call.user) },
      cwd: system.cwd,
    }),
  };
}

function recorded(system: System, root: string, { name }: StackNode): RunningNode {
  const node = readRecord(system.files, root)?.find((n) => n.name === name);
  if (node) return node;
  throw new Error(`${name} was never started here`);
}

/** To the whole group of a node, for a script may stand before the server. A stranger with its number is left alone. */
async function signal(node: RunningNode, name: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(node))) throw new Error(`${node.name} does not run`);
  process.kill(-node.pid, name);
}

export function lastLines(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

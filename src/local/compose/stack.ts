import { stripVTControlCharacters } from 'node:util';
import type { StackModel } from '../../model/types.ts';
import type { System } from '../../system.ts';
import { clientWords } from '../client-words.ts';
import { onPath } from '../engine.ts';
import { placeOnLoopback } from '../place.ts';
import type { RunningStack } from '../running.ts';
import { belongsHere } from './folders.ts';
import { compose, composeCommand, containers, type Project, projectOf, say } from './project.ts';
import { findTool } from './tool.ts';

/** Where the scripts and the certificate of the stack's own authority are in a container. */
const SCRIPTS = '/stack/scripts';
const CA_FILE = '/run/secrets/tls-ca.crt';

/** Becomes the client with the first line of the user's secret as its password. */
const LOG_IN = [
  'user=$1; shift',
  'IFS= read -r REDISCLI_AUTH <"/run/secrets/$user" || [ -n "$REDISCLI_AUTH" ] || exit 1',
  'export REDISCLI_AUTH',
  'exec "$@"',
].join('\n');

/** The stack when any of its containers runs. Undefined as well where no engine can be asked. */
export async function findCompose(
  system: System,
  root: string,
  model: StackModel,
): Promise<RunningStack | undefined> {
  if (!model.spec.targets.includes('compose') || !mayHaveCompose(system)) return undefined;
  const tool = await findTool(system.env);
  if (!tool.ok) return undefined;
  const project = projectOf(system, root, model, tool.value);
  return (await isUp(project)) ? composeStack(project) : undefined;
}

const mayHaveCompose = ({ env }: System): boolean =>
  ['docker', 'docker-compose'].some((program) => onPath(program, env.PATH) !== undefined);

/** True when a node of this very stack runs or is held still. */
export async function isUp(project: Project): Promise<boolean> {
  const names = new Set(project.model.nodes.map((node) => node.name));
  const alive = ['running', 'paused', 'restarting'];
  const all = await containers(project);
  return all.some(
    (one) => names.has(one.service) && alive.includes(one.state) && belongsHere(one, project.root),
  );
}

/** The host's view: every node on 127.0.0.1, with the port it has inside as well. */
export const placedOnHost = (model: StackModel): StackModel => placeOnLoopback(model, new Map());

export function composeStack(project: Project): RunningStack {
  const { model } = project;
  const placed = placedOnHost(model);
  const run = async (...words: readonly string[]): Promise<void> => void (await compose(project, words));
  return {
    kind: 'compose',
    placed,
    script: (node, script, args, env = {}) => {
      const settings = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
      const inside = ['sh', `${SCRIPTS}/${script}`, ...args];
      return say(composeCommand(project, ['exec', '-T', ...settings, node.name, ...inside]));
    },
    start: (node) => run('start', node.name),
    // Its first process hands over.
    stop: (node) => run('stop', node.name),
    kill: (node) => run('kill', '--signal', 'SIGKILL', node.name),
    freeze: (node) => run('pause', node.name),
    thaw: (node) => run('unpause', node.name),
    logs: (node, lines) => logsOf(project, node.name, lines),
    client: (node, call) => {
      const words = clientWords(model, { node: { ...node, ip: '127.0.0.1' }, caPath: CA_FILE }, call);
      const inside = ['sh', '-c', LOG_IN, 'sh', call.user, model.engine.cli, ...words];
      return composeCommand(project, ['exec', ...(call.terminal ? [] : ['-T']), node.name, ...inside]);
    },
  };
}

export async function logsOf(project: Project, service: string, lines: number): Promise<string> {
  const words = ['logs', '--no-color', '--no-log-prefix', '--tail', String(lines), service];
  const { stdout, stderr } = await say(composeCommand(project, words), 10_000);
  return stripVTControlCharacters(stdout || stderr).trimEnd();
}

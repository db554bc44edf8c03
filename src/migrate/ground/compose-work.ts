import {
  type Container,
  complaint,
  composeCommand,
  containers,
  dockerCommand,
  type Project,
  say,
} from '../../local/compose/project.ts';
import { refusal } from '../../local/compose/refusals.ts';
import type { StackModel, StackNode } from '../../model/types.ts';
import { ProblemError } from '../../problem.ts';
import type { Credentials } from '../../redis/connection.ts';
import { inside } from '../../workspace/paths.ts';
import type { Member } from '../types.ts';
import { BESIDE, handleFile, portIn } from './compose-files.ts';

/** Both stacks in one Compose project, and what is known of where they are reached. */
export interface Work {
  /** Of the stack that is to be. */
  readonly project: Project;
  readonly before: StackModel;
  readonly after: StackModel;
  /** False where the data comes from a foreign server, and there may be no network yet. */
  readonly hadStack: boolean;
  /** Of the new nodes: that of the present ones where the engine stays, which may come from a mirror. */
  readonly image: string;
  readonly credentials: Credentials;
  readonly timeoutSeconds: number;
  /** Ports of this machine by node. */
  readonly ports: Map<string, number>;
  /** What a container runs, by its id; of all that were seen. */
  readonly seen: Map<string, string>;
}

const ALIVE = ['running', 'paused', 'restarting'];

export const isAlive = (one: Container | undefined): one is Container =>
  one !== undefined && ALIVE.includes(one.state);

export async function containerOf({ project }: Work, name: string): Promise<Container | undefined> {
  return (await containers(project)).find((one) => one.service === name);
}

/**
 * The nodes that run now. A migration asks it while writes stand still, and Compose takes a fifth of a second for its
 * answer; the engine itself knows containers by their ids and takes a fraction of that.
 */
export async function running(work: Work): Promise<ReadonlySet<string>> {
  const { project, seen } = work;
  const ids = project.tool.hasDocker ? await runningIds(project) : undefined;
  if (ids === undefined || ids.some((id) => !seen.has(id))) {
    const all = await containers(project);
    for (const { id, service } of all) seen.set(short(id), service);
    const alive = all.filter(({ state }) => state === 'running' || state === 'paused');
    return new Set(alive.map(({ service }) => service));
  }
  return new Set(ids.map((id) => seen.get(id) ?? ''));
}

/** As both Docker and Compose print it. */
const short = (id: string): string => id.slice(0, 12);

async function runningIds(project: Project): Promise<readonly string[] | undefined> {
  const label = `label=com.docker.compose.project=${project.name}`;
  const states = ['running', 'paused'].flatMap((state) => ['--filter', `status=${state}`]);
  const words = ['ps', '--quiet', '--filter', label, ...states];
  const { code, stdout } = await say(dockerCommand(project, words), 10_000);
  return code === 0 ? stdout.split('\n').filter(Boolean).map(short) : undefined;
}

/** True for a container of a node that was started before the files were in place. */
export const isBeside = ({ files }: Container): boolean => files.includes(`/${BESIDE}/`);

export const nodesOf = ({ before, after }: Pick<Work, 'before' | 'after'>): readonly StackNode[] => {
  const names = new Set(after.nodes.map(({ name }) => name));
  return [...after.nodes, ...before.nodes.filter(({ name }) => !names.has(name))];
};

export function memberOf(work: Work, name: string): Member {
  const node = nodesOf(work).find((one) => one.name === name);
  if (!node) throw new Error(`${name} is a node of neither stack`);
  const at = { host: '127.0.0.1', port: work.ports.get(name) ?? node.port };
  return { name, node, at, inside: { host: node.ip, port: node.port } };
}

/** Asks Compose where the nodes are reached; of one that does not run, its file says where it was. */
export async function look(work: Work): Promise<void> {
  const { system, root } = work.project;
  const all = new Map((await containers(work.project)).map((one) => [one.service, one]));
  for (const { id, service } of all.values()) work.seen.set(short(id), service);
  for (const { name, port } of nodesOf(work)) {
    const one = all.get(name);
    const said = one?.published.get(port);
    const last =
      one && isBeside(one) ? portIn(system.files.read(inside(root, fileOf(name))), name) : undefined;
    work.ports.set(name, said ?? last ?? port);
  }
}

/** The file that the container of a new node is made from. */
export const fileOf = (name: string): string => `${BESIDE}/${name}.yaml`;

/** Runs Compose with a node alone, whatever compose.yaml says by now; rejects with its complaint. */
export async function onNode(work: Work, name: string, words: readonly string[]): Promise<string> {
  const { files } = work.project.system;
  const handle = inside(work.project.root, `${BESIDE}/${name}.handle.yaml`);
  files.write(handle, handleFile(work.after, work.image, name), 0o600);
  return onFile(work, handle, words);
}

/** Starts a node from its own file. */
export async function upFrom(work: Work, name: string): Promise<void> {
  const file = inside(work.project.root, fileOf(name));
  const words = ['--file', file, 'up', '--detach', '--no-deps', '--remove-orphans=false', name];
  const { code, stderr } = await say(composeCommand(work.project, words));
  if (code !== 0) throw new ProblemError(refusal(work.project, stderr, [work.image]));
}

async function onFile({ project }: Work, file: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await say(composeCommand(project, ['--file', file, ...words]));
  if (code === 0) return stdout || stderr;
  throw new Error(`docker compose ${words[0]}: ${complaint(stderr) || `exit code ${code}`}`);
}

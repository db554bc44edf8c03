import * as v from 'valibot';
import { compose, containers, services } from '../../local/compose/project.ts';
import { start } from '../../local/compose/steps.ts';
import { JOIN } from '../../local/compose/up.ts';
import { anyPort, isFree } from '../../local/ports.ts';
import type { StackNode } from '../../model/types.ts';
import { inside } from '../../workspace/paths.ts';
import type { StartOptions } from '../types.ts';
import { besideFile, confFor, portIn } from './compose-files.ts';
import { putAside } from './compose-volume.ts';
import { containerOf, fileOf, isAlive, look, nodesOf, onNode, upFrom, type Work } from './compose-work.ts';

/**
 * Starts a node of the new stack: from compose.yaml where that says all there is to say by now, else from a file of its
 * own beside the old stack. One that runs is left alone.
 */
export async function startNode(
  work: Work,
  name: string,
  { env, fresh = false }: StartOptions,
): Promise<void> {
  const node = work.after.nodes.find((one) => one.name === name);
  if (!node) throw new Error(`${name} is no node of the new stack`);
  if (isAlive(await containerOf(work, name))) return;
  if (fresh) await putAside(work, name);
  await stopJoiner(work);
  if (env === undefined && (await isFinal(work, node))) await start(work.project, [name]);
  else await startBeside(work, node, env ?? {});
  await look(work);
}

/** True when compose.yaml is that of the new stack, and the port that it gives the node is free. */
async function isFinal(work: Work, node: StackNode): Promise<boolean> {
  const all = await services(work.project);
  const stays = new Set(work.after.nodes.map(({ name }) => name));
  const isOld = work.before.nodes.some(
    ({ name }) => !stays.has(name) && all.some((one) => one.name === name),
  );
  const own = all.find((one) => one.name === node.name);
  return !isOld && own?.ports.includes(node.port) === true && (await isOpen(work, node));
}

async function isOpen(work: Work, { name, port }: StackNode): Promise<boolean> {
  return !(await publishedBy(work, name)).has(port) && (await isFree(port));
}

/** Ports of this machine that lead to other containers of the two stacks: an engine may give them without listening. */
async function publishedBy({ project }: Work, except: string): Promise<ReadonlySet<number>> {
  const others = (await containers(project)).filter(({ service }) => service !== except);
  return new Set(others.flatMap(({ published }) => [...published.values()]));
}

async function startBeside(
  work: Work,
  node: StackNode,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { project, after } = work;
  const { files } = project.system;
  const conf = confFor(files, project.root);
  const [port, network] = await Promise.all([choosePort(work, node), networkName(work)]);
  const text = besideFile(files, after, { node, port, network, conf, image: work.image, env });
  files.write(inside(project.root, fileOf(node.name)), text, 0o600);
  await upFrom(work, node.name);
}

/** The final port where it is free, else that of the last start, else one that neither stack has. */
async function choosePort(work: Work, node: StackNode): Promise<number> {
  if (await isOpen(work, node)) return node.port;
  const { system, root } = work.project;
  const last = portIn(system.files.read(inside(root, fileOf(node.name))), node.name);
  if (last !== undefined && (await isOpen(work, { ...node, port: last }))) return last;
  const taken = nodesOf(work).map(({ port }) => port);
  return anyPort(new Set([...taken, ...(await publishedBy(work, node.name))]));
}

const networksSchema = v.object({
  networks: v.optional(v.record(v.string(), v.object({ name: v.string() })), {}),
});

/** The network that the old stack runs in; it is used as it is, since Compose would make one anew that looks different. */
async function networkName({ project, hadStack }: Work): Promise<string | undefined> {
  if (!hadStack) return undefined;
  const said = await compose(project, ['config', '--format', 'json']);
  return v.parse(networksSchema, JSON.parse(said)).networks.stack?.name ?? `${project.name}_stack`;
}

/** What heals the old cluster would undo what a migration changes on purpose. */
async function stopJoiner(work: Work): Promise<void> {
  if (work.hadStack && work.before.joins && isAlive(await containerOf(work, JOIN)))
    await onNode(work, JOIN, ['stop', JOIN]);
}

/** Has the old cluster healed again. */
export async function startJoiner(work: Work): Promise<void> {
  const joiner = await containerOf(work, JOIN);
  if (work.before.joins && joiner?.state === 'exited') await onNode(work, JOIN, ['start', JOIN]);
}

import { ProblemError, problem } from '../../problem.ts';
import { type DownResult, presentRoles } from '../stop.ts';
import { belongsHere } from './folders.ts';
import { noteDeleted } from './marker.ts';
import { type Container, compose, composeCommand, containers, type Project, say } from './project.ts';
import { placedOnHost } from './stack.ts';

/** Docker ends what is still there after the grace period with this exit code. */
const KILLED = 137;

/**
 * Stops the containers in the same order as native nodes, each with its grace period, then removes them. Volumes stay
 * unless the data is to be deleted. Undefined when there was nothing to stop.
 */
export async function downCompose(project: Project, deleteData: boolean): Promise<DownResult | undefined> {
  const { system, root } = project;
  const own = await containers(project);
  const other = own.find((one) => !belongsHere(one, root));
  if (other) throw new ProblemError(notOurs(project, other));
  if (own.length === 0 && !deleteData) return undefined;
  const running = own.filter((one) => one.state !== 'exited' && one.state !== 'created');
  const frozen = running.filter((one) => one.state === 'paused').map((one) => one.service);
  if (frozen.length > 0) await compose(project, ['unpause', ...frozen]);
  for (const group of await inOrder(project, running)) await compose(project, ['stop', ...group]);
  const stopped = new Set(running.map((one) => one.service));
  const killed = (await containers(project))
    .filter((one) => stopped.has(one.service) && one.exitCode === KILLED)
    .map((one) => one.service);
  await remove(project, deleteData);
  if (deleteData) noteDeleted(system.files, root);
  if (own.length === 0) return undefined;
  return { stopped: [...stopped].sort(), stillRunning: [], killed: killed.sort() };
}

/** Services beside the nodes first, then Sentinels, replicas, primaries. */
async function inOrder(
  { system, root, model }: Project,
  running: readonly Container[],
): Promise<readonly (readonly string[])[]> {
  const asked = await presentRoles(system, root, placedOnHost(model));
  const roles = new Map(model.nodes.map((node) => [node.name, asked.get(node.name) ?? node.role]));
  const group = (role: string | undefined) =>
    running.map((one) => one.service).filter((service) => roles.get(service) === role);
  return [undefined, 'sentinel', 'replica', 'primary'].map(group).filter((names) => names.length > 0);
}

function notOurs({ name }: Project, { folder }: Container) {
  return problem(
    'compose/name-taken',
    'name',
    `The containers of the stack ${name} were started from ${folder}. Nothing was touched.`,
    `Run \`down\` there.`,
  );
}

async function remove(project: Project, deleteData: boolean): Promise<void> {
  const { stdout } = await say(composeCommand(project, ['config', '--profiles']), 30_000);
  const profiles = stdout
    .split('\n')
    .filter(Boolean)
    .flatMap((name) => ['--profile', name]);
  await compose(project, [...profiles, 'down', '--remove-orphans', ...(deleteData ? ['--volumes'] : [])]);
}

import { stripVTControlCharacters } from 'node:util';
import {
  say as ask,
  containers,
  dockerCommand,
  type Project,
  services,
} from '../../local/compose/project.ts';
import { TLS_SECRETS } from '../../model/environment.ts';
import type { StackModel } from '../../model/types.ts';
import { ProblemError } from '../../problem.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { Ground } from '../types.ts';
import { composeProblems } from './compose-problems.ts';
import { settleCompose } from './compose-settle.ts';
import { startJoiner, startNode } from './compose-start.ts';
import { stopNode } from './compose-stop.ts';
import { dropVolume } from './compose-volume.ts';
import { look, memberOf, onNode, running, type Work } from './compose-work.ts';

export interface ComposeGround {
  /** The Compose project of the folder; which model it was made with does not count. */
  readonly project: Project;
  /** Absent where the data comes from a foreign server. */
  readonly before: StackModel | undefined;
  readonly after: StackModel;
  /** Of the admin user. */
  readonly credentials: Credentials;
  /** Seconds to wait for a node that was made anew. */
  readonly timeoutSeconds: number;
}

/**
 * Both stacks in one Compose project: the old one as compose.yaml has it, new nodes beside it, each from a file of its own
 * in `.redis-stack/migrate/compose/`, until the files are in place. Rejects with the problems of `composeProblems`.
 */
export async function composeGround(of: ComposeGround): Promise<Ground> {
  const { after, credentials, timeoutSeconds } = of;
  const before = of.before ?? after;
  const found = composeProblems(of.before, after);
  if (found.length > 0) throw new ProblemError(...found);
  const project = { ...of.project, model: after, name: after.spec.name };
  const hadStack = of.before !== undefined;
  const image = await imageOf(project, before, after);
  const work: Work = {
    ...{ project, before, after, hadStack, image, credentials, timeoutSeconds },
    ports: new Map(),
    seen: new Map(),
  };
  await look(work);
  const runningNow = together(() => running(work));
  return {
    kind: 'compose',
    before,
    after,
    member: (name) => memberOf(work, name),
    start: (name, options = {}) => startNode(work, name, options),
    isRunning: async (name) => (await runningNow()).has(name),
    stop: (name) => stopNode(work, name),
    discard: (name) => discard(work, name),
    logs: async (name, lines) => {
      const words = ['logs', '--no-color', '--no-log-prefix', '--tail', String(lines), name];
      return stripVTControlCharacters(await onNode(work, name, words)).trimEnd();
    },
    // A port of a container cannot be moved while it runs.
    ports: undefined,
    staged: '/stack',
    authority: `/run/secrets/${TLS_SECRETS.ca}`,
    // Containers are made anew when the stack is settled.
    roll: undefined,
    settle: (say) => settleCompose(work, say),
  };
}

/** compose.yaml is the user's to edit: a present node tells where its image comes from. */
async function imageOf(project: Project, before: StackModel, after: StackModel): Promise<string> {
  const wanted = after.engine.image;
  if (before.engine.image !== wanted) return wanted;
  const names = before.nodes.map(({ name }) => name);
  return (await services(project)).find(({ name }) => names.includes(name))?.image || wanted;
}

/** Those who ask while an answer is under way get that one. */
function together<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

async function discard(work: Work, name: string): Promise<void> {
  const fresh = freshNodes(work);
  if (!fresh.includes(name)) throw new Error(`${name} is no node of the new stack alone; its data may count`);
  await stopNode(work, name);
  await onNode(work, name, ['rm', '--stop', '--force', name]);
  await dropVolume(work, name);
  const present = new Set((await containers(work.project)).map(({ service }) => service));
  if (!fresh.some((one) => present.has(one))) await leaveNothing(work, fresh);
}

function freshNodes({ after, before, hadStack }: Work): readonly string[] {
  const old = new Set(hadStack ? before.nodes.map(({ name }) => name) : []);
  return after.nodes.map(({ name }) => name).filter((name) => !old.has(name));
}

/** By name; none where there is no program to ask. */
async function volumesOf(project: Project): Promise<ReadonlySet<string>> {
  if (!project.tool.hasDocker) return new Set();
  const label = `label=com.docker.compose.project=${project.name}`;
  const { stdout } = await ask(
    dockerCommand(project, ['volume', 'ls', '--quiet', '--filter', label]),
    10_000,
  );
  return new Set(stdout.split('\n').filter(Boolean));
}

/** No new node is left: Compose has made volumes of those that were never begun, and the old cluster is to be healed. */
async function leaveNothing(work: Work, fresh: readonly string[]): Promise<void> {
  const present = await volumesOf(work.project);
  for (const name of fresh) if (present.has(`${work.project.name}_${name}`)) await dropVolume(work, name);
  if (work.hadStack) await startJoiner(work);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { containers, type Project, services } from '../../local/compose/project.ts';
import { start } from '../../local/compose/steps.ts';
import { JOIN, upCompose } from '../../local/compose/up.ts';
import { dataNodes, sentinelNodes } from '../../model/build.ts';
import { ProblemError, problem } from '../../problem.ts';
import { withConnection } from '../../redis/connection.ts';
import { type DataFacts, probeData, probeSentinel, type SentinelFacts } from '../../redis/probe.ts';
import { announce, describe } from '../announce.ts';
import { stopNode } from './compose-stop.ts';
import { isAlive, isBeside, look, memberOf, onNode, type Work } from './compose-work.ts';

type Say = (text: string) => void;

/**
 * Containers of the old stack go, those that were started beside it are made anew from compose.yaml one by one, and then
 * `up` brings the rest to what the files say. Primaries with replicas hand over first; others save and come back.
 */
export async function settleCompose(work: Work, tell: Say): Promise<void> {
  const { project, after, timeoutSeconds } = work;
  await removeGone(work, tell);
  await startIdle(work);
  await sayWhereTo(work, tell);
  for (let name = await nextBeside(work); name !== undefined; name = await nextBeside(work)) {
    tell(`making ${name} anew from compose.yaml`);
    // Its first process hands over where it is a primary with replicas.
    await start(project, [name]);
    await look(work);
    await untilWhole(work, name);
  }
  const { warnings } = await upCompose({ ...project, model: after }, { timeoutSeconds, onProgress: tell });
  for (const { at, message, remedy } of warnings) tell(`${at}: ${message} ${remedy}`);
  await look(work);
}

async function removeGone(work: Work, tell: Say): Promise<void> {
  const known = new Set((await services(work.project)).map(({ name }) => name));
  const old = new Set(work.before.nodes.map(({ name }) => name));
  const gone = (await containers(work.project))
    .map(({ service }) => service)
    .filter((name) => !known.has(name));
  for (const name of new Set(gone)) {
    if (old.has(name)) await stopNode(work, name);
    await onNode(work, name, ['rm', '--stop', '--force', name]);
    tell(
      old.has(name) ? `removed ${name}; its volume ${work.project.name}_${name} stays` : `removed ${name}`,
    );
  }
}

async function startIdle({ project, after }: Work): Promise<void> {
  const alive = (await containers(project)).filter(isAlive).map(({ service }) => service);
  const idle = after.nodes.map(({ name }) => name).filter((name) => !alive.includes(name));
  const names = [...idle, ...(after.joins && (await has(project, JOIN)) ? [JOIN] : [])];
  if (names.length > 0) await start(project, names);
}

/** Clients look once a second. */
const LOOK_MS = 2000;

/**
 * Nodes that were started while their ports were taken get them now. Clients from this machine are told before: whoever
 * has heard it tries the new place until somebody serves there.
 */
async function sayWhereTo(work: Work, tell: Say): Promise<void> {
  const { after, ports, project } = work;
  const moving = after.nodes.filter(({ name, port }) => ports.get(name) !== port).map(({ name }) => name);
  if (moving.length === 0) return;
  tell(`telling clients the ports of ${moving.join(', ')}`);
  const stack = describe(after, after.nodes, ({ port }) => ({ host: '127.0.0.1', port }));
  const randomId = () => project.system.randomBytes(8).toString('hex');
  // In a cluster one primary alone takes the key; others, and replicas, refuse it.
  const refusals: string[] = [];
  for (const { name } of dataNodes(after.nodes)) {
    const said = await withConnection(memberOf(work, name).at, work.credentials, (c) =>
      announce({ randomId }, c, after, stack),
    ).catch((error: Error) => error);
    if (!(said instanceof Error)) return sleep(LOOK_MS);
    refusals.push(`${name}: ${said.message}`);
  }
  throw new Error(`nobody takes the word for clients where nodes will be (${refusals.join('; ')})`);
}

const has = async (project: Project, name: string): Promise<boolean> =>
  (await services(project)).some((one) => one.name === name);

/** Sentinels first, primaries last: these hand over to a node that is as it is to be. */
async function nextBeside(work: Work): Promise<string | undefined> {
  const mine = new Set(work.after.nodes.map(({ name }) => name));
  const left = (await containers(work.project)).filter((one) => mine.has(one.service) && isBeside(one));
  const ranks = await Promise.all(
    left.map(async ({ service }) => ({ service, rank: await rankOf(work, service) })),
  );
  return ranks.sort((a, b) => a.rank - b.rank)[0]?.service;
}

async function rankOf(work: Work, name: string): Promise<number> {
  if (memberOf(work, name).node.role === 'sentinel') return 0;
  const facts = await ask(work, name);
  return facts instanceof Error || facts.role === 'replica' ? 1 : 2;
}

function ask(work: Work, name: string): Promise<DataFacts | Error> {
  return probeData(memberOf(work, name).at, work.credentials).catch((error: Error) => error);
}

/** Waits until the stack could bear to have another node made anew. */
async function untilWhole(work: Work, changed: string): Promise<void> {
  const end = Date.now() + work.timeoutSeconds * 1000;
  for (;;) {
    const missing = await whatIsMissing(work);
    if (missing === undefined) return;
    if (Date.now() > end) throw new ProblemError(notWhole(work, changed, missing));
    await sleep(300);
  }
}

async function whatIsMissing(work: Work): Promise<string | undefined> {
  const { nodes, sentinel } = work.after;
  const data = dataNodes(nodes);
  const facts = await Promise.all(data.map(async ({ name }) => ({ name, facts: await ask(work, name) })));
  const bad = facts.find((one) => one.facts instanceof Error || one.facts.state !== 'up');
  if (bad)
    return `${bad.name} is up${bad.facts instanceof Error ? ` (${bad.facts.message})` : ` (${bad.facts.state})`}`;
  const name = sentinel?.primaryName ?? '';
  const watchers = sentinelNodes(nodes).map((node) => memberOf(work, node.name));
  const seen = await Promise.all(
    watchers.map(({ at }) => probeSentinel(at, work.credentials, name).catch((error: Error) => error)),
  );
  const known = { replicas: data.length - 1, otherSentinels: watchers.length - 1 };
  const said = seen.map((one) => (one instanceof Error ? one.message : blindness(one, known)));
  const blind = said.findIndex((one) => one !== undefined);
  return blind < 0 ? undefined : `${watchers[blind]?.name} sees its group (${said[blind]})`;
}

type Known = Pick<SentinelFacts, 'replicas' | 'otherSentinels'>;

/** What a Sentinel does not see yet. */
function blindness({ quorum, replicas, otherSentinels }: SentinelFacts, wanted: Known): string | undefined {
  if (!quorum.ok) return quorum.said;
  if (replicas < wanted.replicas) return `${replicas} of ${wanted.replicas} replicas`;
  if (otherSentinels < wanted.otherSentinels)
    return `${otherSentinels} of ${wanted.otherSentinels} other Sentinels`;
  return undefined;
}

const notWhole = ({ timeoutSeconds }: Work, changed: string, missing: string) =>
  problem(
    'compose/not-ready',
    changed,
    `It was made anew, and after ${timeoutSeconds} s the stack still waits until ${missing}.`,
    'Look at `docker compose logs`.',
  );

import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import { countKeys, parseFields } from '../../redis/replies.ts';
import { copyFunctions } from './functions.ts';
import { Links } from './links.ts';
import type { Cluster, ClusterMember } from './types.ts';
import { askViews, isPrimary, parseNodes, type View } from './view.ts';

export interface AddOptions {
  /** All members so far, with or without the new one; a cluster of one is a cluster. All of them must answer. */
  readonly cluster: Cluster;
  /** Runs in cluster mode, has the same login, and is empty. One that was added before is left as it is. */
  readonly member: ClusterMember;
  /** Ids of a shard whose primary it shall follow; without it the node becomes a primary without slots. */
  readonly shard?: readonly string[];
  /** How long its copy and the agreement of all may take, in ms. @default 120000 */
  readonly timeoutMs?: number;
  /** Ends the waiting. Rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Takes a node into the cluster: it is known to all when this resolves, and has its copy or the functions of the others. */
export async function addNode(options: AddOptions): Promise<void> {
  const { cluster, member: node, shard, timeoutMs = 120_000, signal } = options;
  const links = new Links(cluster.credentials, 5000);
  const others = cluster.members.filter(({ id }) => id !== node.id);
  const everyone = [...others, node];
  const wait = waiting(node, timeoutMs, signal);
  try {
    if (!(await knownByAll(everyone, node, links))) {
      await expectEmpty(node, links);
      await setEpoch(others, node, links);
      await introduce(others, node, links, wait);
    }
    if (shard === undefined) await takeFunctions(others, node, links);
    else await followPrimary({ others, node, shard, links, wait });
    await wait('every server calls the cluster ok', () => allOk(everyone, links));
  } finally {
    links.close();
  }
}

type Wait = (what: string, ask: (round: number) => Promise<boolean>) => Promise<void>;

function waiting(node: ClusterMember, timeoutMs: number, signal: AbortSignal | undefined): Wait {
  const end = performance.now() + timeoutMs;
  return async (what, ask) => {
    for (let round = 0; !(await ask(round).catch(() => false)); round += 1) {
      if (performance.now() > end)
        throw new ProblemError(
          problem(
            'migrate/node-not-joined',
            node.name,
            `It is not part of the cluster after ${Math.round(timeoutMs / 1000)} s: waited until ${what}.`,
            'Look at its log, and whether the servers reach the ports of each other, those of the bus too. Then run the same command once more.',
          ),
        );
      await sleep(50, undefined, { ...(signal && { signal }) });
    }
  };
}

/** Nobody takes it for a stranger, an acquaintance of a moment, or somebody who has failed. */
async function knownByAll(
  everyone: readonly ClusterMember[],
  node: ClusterMember,
  links: Links,
): Promise<boolean> {
  const views = await askViews(everyone, links);
  if (views.length < everyone.length) return false;
  const knows = ({ lines }: View, id: string) =>
    lines.some(
      (line) => line.id === id && !line.flags.some((flag) => /^(handshake|fail\??|noaddr)$/.test(flag)),
    );
  return views.every((view) =>
    view.member === node ? everyone.every(({ id }) => knows(view, id)) : knows(view, node.id),
  );
}

async function expectEmpty(node: ClusterMember, links: Links): Promise<void> {
  const [nodes, keyspace] = await links.batch(node, [
    ['CLUSTER', 'NODES'],
    ['INFO', 'keyspace'],
  ]);
  const self = parseNodes(nodes).find(({ flags }) => flags.includes('myself'));
  if (self?.ranges.length === 0 && countKeys(parseFields(keyspace)) === 0) return;
  throw new ProblemError(
    problem(
      'migrate/node-not-empty',
      node.name,
      'It has slots or keys of its own, and cannot join the cluster with them.',
      'Is it part of another cluster? If its data does not count, remove its data folder and start it again.',
    ),
  );
}

/** An epoch that nobody has, so that no two primaries meet with the same one. Only who has met nobody may set it. */
async function setEpoch(others: readonly ClusterMember[], node: ClusterMember, links: Links): Promise<void> {
  const replies = await Promise.all(others.map((member) => links.call(member, 'CLUSTER', 'INFO')));
  const epochs = replies.map((reply) => Number(parseFields(reply).cluster_current_epoch ?? 0));
  const [nodes] = await links.batch(node, [['CLUSTER', 'NODES']]);
  const lines = parseNodes(nodes);
  if (lines.length > 1 || lines.some(({ epoch }) => epoch > 0)) return;
  await links.call(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(Math.max(0, ...epochs) + 1));
}

/** Introduced again from time to time: an introduction that fails is forgotten. */
async function introduce(
  others: readonly ClusterMember[],
  node: ClusterMember,
  links: Links,
  wait: Wait,
): Promise<void> {
  const { host, port, busPort } = node.inside;
  await wait('every server knows it', async (round) => {
    // By everybody: word of mouth alone takes seconds.
    if (round % 60 === 0)
      await Promise.all(
        others.map((one) => links.call(one, 'CLUSTER', 'MEET', host, String(port), String(busPort))),
      );
    return knownByAll([...others, node], node, links);
  });
}

async function takeFunctions(
  others: readonly ClusterMember[],
  node: ClusterMember,
  links: Links,
): Promise<void> {
  const views = await askViews(others, links);
  const full = views.find(({ self }) => isPrimary(self) && self.ranges.length > 0);
  if (!full) throw new Error('no server of the cluster has slots');
  await copyFunctions(links, full.member, node);
}

interface Following {
  readonly others: readonly ClusterMember[];
  readonly node: ClusterMember;
  readonly shard: readonly string[];
  readonly links: Links;
  readonly wait: Wait;
}

async function followPrimary({ others, node, shard, links, wait }: Following): Promise<void> {
  let primary = '';
  await wait('it follows its primary', async () => {
    const [first] = (await askViews(others, links))
      .filter(({ self }) => shard.includes(self.id) && isPrimary(self))
      .sort((a, b) => b.self.epoch - a.self.epoch);
    primary = first?.self.id ?? '';
    await links.call(node, 'CLUSTER', 'REPLICATE', primary);
    return true;
  });
  await wait('it has its copy', async () => {
    const { role, master_link_status: link } = parseFields(await links.call(node, 'INFO', 'replication'));
    return role === 'slave' && link === 'up';
  });
  await wait('every server knows whom it follows', async () => {
    const views = await askViews([...others, node], links);
    return views.every(({ lines }) =>
      lines.some(({ id, primaryId }) => id === node.id && primaryId === primary),
    );
  });
}

async function allOk(everyone: readonly ClusterMember[], links: Links): Promise<boolean> {
  const replies = await Promise.all(everyone.map((member) => links.call(member, 'CLUSTER', 'INFO')));
  return replies.every((reply) => parseFields(reply).cluster_state === 'ok');
}

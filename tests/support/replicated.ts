import type { Engine } from './engines.ts';
import { type Credentials, type Server, startServer } from './servers.ts';
import { type Patience, until } from './until.ts';

export interface ReplicatedOptions {
  readonly engine: Engine;
  readonly replicas: number;
  readonly auth?: Credentials;
  /** More configuration lines for every data node. */
  readonly directives?: readonly (readonly string[])[];
}

/** Processes that belong together and end together. */
export interface Group {
  /** Ends every process by its own pid and removes their folders. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Processes that a test may freeze and kill. */
export interface Healing {
  /**
   * Thaws and restarts whatever does not run, and waits until all belong together again: for `afterEach`, so that a test
   * that fails half way spoils neither its next try nor the tests after it.
   */
  heal(): Promise<void>;
}

export interface Replicated extends Group, Healing {
  readonly nodes: readonly Server[];
  /** The node that says it is the primary now. */
  primary(): Promise<Server>;
  replicas(): Promise<readonly Server[]>;
  /** Waits until there is one primary and every other running node is linked to it. */
  settled(): Promise<void>;
}

export async function startReplicated(options: ReplicatedOptions): Promise<Replicated> {
  const { engine, replicas, auth } = options;
  const shared = { engine, ...(auth && { auth }) };
  const lines = [...login(auth), ...(options.directives ?? [])];
  const nodes = [await startServer({ ...shared, directives: lines })];
  const group = { nodes, ...ending(nodes) };
  const first = String(nodes[0]?.port);
  try {
    const started = Array.from({ length: replicas }, () =>
      startServer({ ...shared, directives: [...lines, ['replicaof', '127.0.0.1', first]] }),
    );
    nodes.push(...(await allOrNone(started)));
    await replicating(nodes);
  } catch (error) {
    await group.stop();
    throw error;
  }
  return {
    ...group,
    primary: () => primaryAmong(nodes),
    replicas: () => withRole(nodes, 'slave'),
    settled: () => replicating(nodes),
    heal: healing(nodes, () => replicating(nodes, healPatience)),
  };
}

/** The same password in both directions, since any node may become the primary. */
function login(auth: Credentials | undefined): readonly (readonly string[])[] {
  if (!auth) return [];
  const { username, password } = auth;
  if (!username)
    return [
      ['requirepass', password],
      ['masterauth', password],
    ];
  return [
    ['user', username, 'on', `>${password}`, '~*', '&*', '+@all'],
    ['masteruser', username],
    ['masterauth', password],
  ];
}

/** Fields of INFO, or of any other `name:value` text. */
export async function info(server: Server, section: string): Promise<Readonly<Record<string, string>>> {
  const text = await server.cli('INFO', section);
  return Object.fromEntries(
    [...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)].map(([, name, value]) => [name, value]),
  );
}

async function withRole(nodes: readonly Server[], role: 'master' | 'slave'): Promise<readonly Server[]> {
  // A node that is down or frozen has no role.
  const roles = await Promise.all(nodes.map((node) => info(node, 'replication').catch(() => undefined)));
  return nodes.filter((_, index) => roles[index]?.role === role);
}

async function primaryAmong(nodes: readonly Server[]): Promise<Server> {
  const [primary, ...more] = await withRole(nodes, 'master');
  if (!primary || more.length > 0)
    throw new Error(`${primary ? more.length + 1 : 0} nodes say they are the primary.`);
  return primary;
}

async function replicating(nodes: readonly Server[], patience?: Patience): Promise<void> {
  await until('every replica is linked to the one primary', () => isReplicating(nodes), patience);
}

async function isReplicating(nodes: readonly Server[]): Promise<boolean> {
  const primary = await primaryAmong(nodes);
  const replicas = await withRole(nodes, 'slave');
  const links = await Promise.all(replicas.map((node) => info(node, 'replication')));
  const online = Object.values(await info(primary, 'replication')).filter((value) =>
    /state=online/.test(value),
  );
  return (
    online.length === replicas.length &&
    links.every((link) => link.master_link_status === 'up' && link.master_port === String(primary.port))
  );
}

/** All the servers, or, when one does not start, none: those that did are disposed of. */
export async function allOrNone(starting: readonly Promise<Server>[]): Promise<readonly Server[]> {
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (!failed) return started;
  await Promise.all(started.map((server) => server.dispose()));
  throw failed.reason;
}

/** A failover that a test left half done runs into its time limit first. */
export const healPatience: Patience = { timeoutMs: 60_000 };

/** The list may still grow: it is read when the group heals. */
export function healing(servers: readonly Server[], settle: () => Promise<void>): () => Promise<void> {
  return async () => {
    await Promise.all(servers.map((server) => server.revive()));
    await settle();
  };
}

/** The list may still grow: it is read when the group ends. */
export function ending(servers: readonly Server[]): Group {
  const stop = async () => {
    await Promise.all(servers.map((server) => server.dispose()));
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

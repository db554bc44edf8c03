import { setTimeout as sleep } from 'node:timers/promises';
import { compareLines } from '../../engines/releases.ts';
import type { Address } from '../../model/types.ts';
import { type Asker, asker, place, type Unseen } from '../../redis/ask.ts';
import { type Connection, type Credentials, withConnection } from '../../redis/connection.ts';
import { modulesOf, parseFields, parsePairs } from '../../redis/replies.ts';
import { sampleBigKey } from './big-key.ts';
import type { ClusterFacts, NodeFacts, SourceFacts } from './facts.ts';
import {
  callsOf,
  databasesOf,
  engineOf,
  engineOfHello,
  type Info,
  loadOf,
  memoryOf,
  persistenceOf,
  type Release,
  replicationOf,
} from './read-info.ts';
import { bufferLimitOf, clientsOf, clusterOf } from './read-lists.ts';
import { rightsOf } from './rights.ts';

export interface SurveyOptions {
  /** Between the two looks that rates come from. @default 1000 */
  readonly betweenMs?: number;
  /** For one answer. @default 5000 */
  readonly timeoutMs?: number;
  /** For the search of a large key; 0 for none. @default 200 */
  readonly bigKeyMs?: number;
}

/**
 * Asks data nodes what a migration must know of them; takes a second. Changes nothing and reads no value of a key.
 * Never rejects: what a node would not say is in `unseen`, who did not answer in `silent`.
 */
export async function survey(
  nodes: readonly Address[],
  credentials: Credentials,
  options: SurveyOptions = {},
): Promise<SourceFacts> {
  const looks = await Promise.all(nodes.map((at) => lookAt(at, credentials, options)));
  return {
    nodes: looks.flatMap(({ facts }) => facts ?? []),
    unseen: looks.flatMap(({ unseen }) => unseen),
    silent: looks.flatMap(({ silent }) => silent ?? []),
  };
}

interface Look {
  readonly facts?: NodeFacts;
  readonly unseen: readonly Unseen[];
  readonly silent?: SourceFacts['silent'][number];
}

async function lookAt(at: Address, credentials: Credentials, options: SurveyOptions): Promise<Look> {
  try {
    return await withConnection(
      at,
      credentials,
      async (connection) => {
        const node = asker(connection, place(at));
        const facts = await factsOf({ at, connection, node, user: credentials.username, options });
        return { facts, unseen: node.unseen };
      },
      options.timeoutMs ?? 5000,
    );
  } catch (error) {
    return { unseen: [], silent: { at: place(at), why: (error as Error).message } };
  }
}

interface Asking {
  readonly at: Address;
  readonly connection: Connection;
  readonly node: Asker;
  readonly user: string;
  readonly options: SurveyOptions;
}

async function factsOf({ at, connection, node, user, options }: Asking): Promise<NodeFacts> {
  const [{ fields: first }, begun] = [await infoOf(node, 'what INFO tells'), Date.now()];
  const release = engineOf(first) ?? engineOfHello(await node.ask('its release', 'HELLO'));
  const config = await settingsOf(node);
  const clients = await node.ask('its clients', 'CLIENT', 'LIST');
  const self = clients === undefined ? '' : String(await node.ask('this connection', 'CLIENT', 'ID'));
  const functionLibraries = await librariesOf(node, first, release);
  const modules = await modulesFrom(node, first);
  const cluster = await clusterFrom(node, first);
  const rights = await rightsOf(node, user);
  await sleep(Math.max(0, begun + (options.betweenMs ?? 1000) - Date.now()));
  const second = Object.keys(first).length === 0 ? first : (await infoOf(node, 'what INFO tells')).fields;
  const seconds = (Date.now() - begun) / 1000;
  // Last, since its many questions would count as load.
  const bigKeyMs = options.bigKeyMs ?? 200;
  const bigKey = bigKeyMs > 0 ? await sampleBigKey(connection, bigKeyMs) : undefined;
  const replication = replicationOf(second);
  return {
    at,
    engine: release?.engine,
    version: release?.version,
    memory: memoryOf(first, second, seconds),
    databases: first.used_memory === undefined ? undefined : databasesOf(second),
    replication: replication && {
      ...replication,
      bufferLimit: bufferLimitOf(config['client-output-buffer-limit']),
      minReplicasToWrite: numberOf(config['min-replicas-to-write']),
    },
    load: loadOf(first, second, seconds),
    persistence: persistenceOf(second, config.save),
    clients: clients === undefined ? undefined : clientsOf(clients, self),
    // The first look: later ones would count what this tool has asked.
    calls: callsOf(first),
    functionLibraries,
    modules,
    cluster,
    bigKey,
    rights,
  };
}

async function infoOf(node: Asker, what: string): Promise<{ readonly text: string; readonly fields: Info }> {
  const reply = await node.ask(what, 'INFO', 'everything');
  const text = reply === undefined ? '' : String(reply);
  return { text, fields: parseFields(text) };
}

const SETTINGS = ['client-output-buffer-limit', 'min-replicas-to-write', 'save'] as const;

/** One question a setting: releases before 7.0 take only one name. */
async function settingsOf(node: Asker): Promise<Readonly<Record<string, string>>> {
  const replies: unknown[] = [];
  for (const name of SETTINGS) replies.push(await node.ask(`the setting ${name}`, 'CONFIG', 'GET', name));
  return Object.assign({}, ...replies.map(parsePairs)) as Readonly<Record<string, string>>;
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

/** INFO counts libraries where it may be asked; before Redis 7.0 there were none. */
async function librariesOf(
  node: Asker,
  info: Info,
  release: Release | undefined,
): Promise<number | undefined> {
  if (info.number_of_libraries !== undefined) return Number(info.number_of_libraries);
  if (release && compareLines(release.version, '7.0') < 0) return 0;
  const reply = await node.ask('its functions', 'FUNCTION', 'LIST');
  return Array.isArray(reply) ? reply.length : undefined;
}

async function modulesFrom(node: Asker, info: Info): Promise<readonly string[] | undefined> {
  // INFO everything leaves modules out in some releases, so their own section is asked for.
  if (Object.keys(info).length > 0)
    return modulesOf(String(await node.ask('its modules', 'INFO', 'modules')));
  const reply = await node.ask('its modules', 'MODULE', 'LIST');
  return Array.isArray(reply) ? reply.map((one) => parsePairs(one).name ?? '?') : undefined;
}

async function clusterFrom(node: Asker, info: Info): Promise<ClusterFacts | undefined> {
  if (info.cluster_enabled !== '1') return undefined;
  const said = await node.ask('the cluster', 'CLUSTER', 'INFO');
  if (said === undefined) return undefined;
  return clusterOf(parseFields(said), await node.ask('the slots of the cluster', 'CLUSTER', 'NODES'));
}

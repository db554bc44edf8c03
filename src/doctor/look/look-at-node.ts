import { setTimeout as sleep } from 'node:timers/promises';
import { modulesOf, parseFields } from '../../redis/replies.ts';
import type { ClusterFacts, Info, MachineFacts, NodeFacts } from '../facts.ts';
import { number } from '../read-facts.ts';
import type { Discovery, Met } from './discover.ts';
import { clientsOf } from './read-clients.ts';
import { commandsOf, ratesOf, softwareOf, type TwoLooks } from './read-info.ts';
import { latencyOf, settingsOf, slowOf } from './read-lists.ts';
import { usersOf } from './read-users.ts';
import type { Reader } from './reader.ts';

export interface Looking {
  readonly betweenMs: number;
  readonly tls: boolean;
  readonly machine: MachineFacts | undefined;
  readonly known: Discovery['known'];
}

/** Everything that a data node says of itself, but for its keys. Takes `betweenMs`. */
export async function lookAtNode(met: Met, looking: Looking): Promise<NodeFacts> {
  const { reader, at, name, hello } = met;
  const first = await infoOf(reader, met.info);
  const begun = performance.now();
  const sentBefore = new Map(reader.sent);
  const lists = await listsOf(met, first?.fields, looking);
  await sleep(Math.max(0, looking.betweenMs - (performance.now() - begun)));
  const sentUntil = new Map(reader.sent);
  const second = await infoOf(reader, met.info);
  const seconds = (performance.now() - begun) / 1000;
  const looks: TwoLooks | undefined = first &&
    second && { first: first.fields, second: second.fields, seconds, sentBefore, sentUntil };
  return {
    at,
    name,
    role: roleOf(second?.fields),
    tls: looking.tls,
    software: softwareOf(second?.fields ?? met.info, hello),
    info: second?.fields,
    perSecond: looks && ratesOf(looks),
    commands: looks && commandsOf(looks),
    modules: second && modulesOf(second.text),
    machine: looking.machine,
    keys: undefined,
    ...lists,
  };
}

const roleOf = (info: Info | undefined): NodeFacts['role'] =>
  info?.role === undefined ? undefined : info.role === 'master' ? 'primary' : 'replica';

/** Not asked again of who has refused before. */
async function infoOf(
  reader: Reader,
  before: Info | undefined,
): Promise<{ readonly text: string; readonly fields: Info } | undefined> {
  if (before === undefined) return undefined;
  const reply = await reader.ask('what INFO tells', 'INFO', 'everything');
  return reply === undefined ? undefined : { text: String(reply), fields: parseFields(reply) };
}

type Lists = Pick<NodeFacts, 'settings' | 'slow' | 'latency' | 'clients' | 'users' | 'cluster'>;

async function listsOf(met: Met, info: Info | undefined, looking: Looking): Promise<Lists> {
  const { reader } = met;
  return {
    slow: await slowFrom(reader),
    latency: latencyOf(await reader.ask('its latency events', 'LATENCY', 'LATEST')),
    settings: settingsOf(await reader.ask('its settings', 'CONFIG', 'GET', '*')),
    clients: await clientsFrom(reader, info),
    users: usersOf(await reader.ask('its users', 'ACL', 'LIST')),
    cluster: await clusterFrom(met, info, looking),
  };
}

const ENTRIES = '128';

/** Valkey may allow one and not the other. */
async function slowFrom(reader: Reader): Promise<NodeFacts['slow']> {
  const reply =
    (await reader.attempt('SLOWLOG', 'GET', ENTRIES)) ??
    (await reader.attempt('COMMANDLOG', 'GET', ENTRIES, 'slow')) ??
    (await reader.ask('its slow log', 'SLOWLOG', 'GET', ENTRIES));
  return slowOf(reply);
}

/** The server writes the whole list at once: of many clients it would stall for it. */
const MOST_CLIENTS = 1000;

async function clientsFrom(reader: Reader, info: Info | undefined): Promise<NodeFacts['clients']> {
  const connected = number(info, 'connected_clients') ?? 0;
  if (connected > MOST_CLIENTS) {
    reader.note('its clients', `not asked: to list ${connected} clients would hold the server up`);
    return undefined;
  }
  const normal = await reader.ask('its clients', 'CLIENT', 'LIST', 'TYPE', 'normal');
  if (normal === undefined) return undefined;
  const listening = await reader.ask('its subscribers', 'CLIENT', 'LIST', 'TYPE', 'pubsub');
  const self = await reader.attempt('CLIENT', 'ID');
  return clientsOf([String(normal), String(listening ?? '')], self === undefined ? undefined : String(self));
}

async function clusterFrom(
  met: Met,
  info: Info | undefined,
  { known }: Looking,
): Promise<ClusterFacts | undefined> {
  if (info?.cluster_enabled !== '1') return undefined;
  const said = await met.reader.ask('the state of the cluster', 'CLUSTER', 'INFO');
  const nodes = met.cluster.map((node) => {
    // A node that has met nobody does not know its own address.
    const isSelf = node.flags.includes('myself');
    return { ...node, at: isSelf ? met.at : known(node.at) };
  });
  return said === undefined && nodes.length === 0 ? undefined : { info: parseFields(said ?? ''), nodes };
}

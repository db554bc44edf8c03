import type { Address } from '../../model/types.ts';
import type { Credentials } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import type { ClusterNode, Info } from '../facts.ts';
import { nodesOf, nodesOfSlots } from './read-cluster.ts';
import { openReader, type Reader } from './reader.ts';
import { addressOf, askSentinel, type SentinelView, watchedOf } from './sentinel-view.ts';
import type { Target } from './types.ts';

/** A server that has let us in, and whom it knows. Addresses are as it announces them. */
export interface Greeted {
  readonly kind: 'data' | 'sentinel';
  readonly reader: Reader;
  /** Undefined where it may not be asked. */
  readonly info: Info | undefined;
  readonly hello: unknown;
  readonly cluster: readonly ClusterNode[];
  readonly views: readonly SentinelView[];
  /** Of a Sentinel: whether it answers without a login. */
  readonly isOpen?: boolean;
  readonly knows: readonly Known[];
}

export interface Known {
  readonly at: Address;
  readonly kind: 'data' | 'sentinel';
  /** Where clients are sent by name. */
  readonly hostname?: string | undefined;
}

type Greeting = Pick<Target, 'credentials' | 'sentinelCredentials' | 'primaryName'> & {
  readonly timeoutMs: number;
};

/** Logs in and asks whom it knows. Rejects when there is no answer or no login. */
export async function greet(dial: Address, kind: Known['kind'], target: Greeting): Promise<Greeted> {
  const reader = await logIn(dial, kind, target);
  try {
    const reply = await reader.ask('what INFO tells', 'INFO', 'everything');
    const info = reply === undefined ? undefined : parseFields(reply);
    const hello = info === undefined ? await reader.attempt('HELLO') : undefined;
    const isSentinel =
      (info?.redis_mode ?? info?.server_mode) === 'sentinel' || String(hello).includes('mode,sentinel');
    return isSentinel
      ? await sentinelOf({ reader, info, hello }, target)
      : await dataOf({ reader, info, hello });
  } catch (error) {
    reader.close();
    throw error;
  }
}

type Begun = Pick<Greeted, 'reader' | 'info' | 'hello'>;

async function sentinelOf(begun: Begun, target: Greeting): Promise<Greeted> {
  const { primaryName } = target;
  const views = await askSentinel(begun.reader, primaryName);
  const data = views.flatMap(({ primary, replicas }) => [primary, ...replicas].map(addressOf));
  const named = views.length > 0 ? data : watchedOf(begun.info ?? {}, primaryName);
  const sentinels = views.flatMap(({ others }) => others.map(addressOf));
  const knows = [
    ...named.map((at) => ({ at, kind: 'data' as const })),
    ...sentinels.map((at) => ({ at, kind: 'sentinel' as const })),
  ];
  const isOpen = await answersAnyone(begun.reader.dial, target);
  return { ...begun, kind: 'sentinel', cluster: [], views, isOpen, knows };
}

async function dataOf(begun: Begun): Promise<Greeted> {
  const { reader, info = {} } = begun;
  const cluster = info.cluster_enabled === '1' ? await clusterOf(reader) : [];
  const members = cluster.filter(({ at, flags }) => at.host !== '' && !flags.includes('noaddr'));
  const knows = [
    ...replicationOf(info).map((at) => ({ at, kind: 'data' as const })),
    ...members.map(({ at, hostname }) => ({ at, hostname, kind: 'data' as const })),
  ];
  return { ...begun, kind: 'data', cluster, views: [], knows };
}

async function clusterOf(reader: Reader): Promise<readonly ClusterNode[]> {
  const nodes = await reader.attempt('CLUSTER', 'NODES');
  if (nodes !== undefined) return nodesOf(nodes);
  const slots = await reader.attempt('CLUSTER', 'SLOTS');
  if (slots !== undefined) return nodesOfSlots(slots);
  await reader.ask('the nodes of the cluster and their slots', 'CLUSTER', 'NODES');
  return [];
}

/** The primary of a replica, and the replicas of whoever has some: `slave0:ip=127.0.0.1,port=6380,state=online,...` */
function replicationOf(info: Info): readonly Address[] {
  const primary = info.master_host ? [{ host: info.master_host, port: Number(info.master_port) }] : [];
  const replicas = Object.entries(info).flatMap(([field, value]) => {
    const [, host, port] = /^slave\d+:ip=([^,]+),port=(\d+)/.exec(`${field}:${value}`) ?? [];
    return host === undefined ? [] : [{ host, port: Number(port) }];
  });
  return [...primary, ...replicas];
}

const REFUSED_LOGIN = /^(WRONGPASS|NOAUTH|ERR (invalid password|AUTH ))|without any password/i;

/** True for a server that answers, and will not have us. */
export const isLoginRefused = (error: unknown): boolean => REFUSED_LOGIN.test((error as Error).message);

/** With the login of its kind, then with the other one; a Sentinel often asks for none. */
async function logIn(dial: Address, kind: Known['kind'], target: Greeting): Promise<Reader> {
  const { credentials, sentinelCredentials, timeoutMs } = target;
  const others = [
    ...(sentinelCredentials ? [sentinelCredentials] : []),
    ...(kind === 'sentinel' ? [nobody(target)] : []),
  ];
  const logins =
    kind === 'sentinel' && sentinelCredentials ? [...others, credentials] : [credentials, ...others];
  let refused: unknown;
  for (const login of logins) {
    try {
      return await letIn(dial, login, timeoutMs);
    } catch (error) {
      if (!isLoginRefused(error)) throw error;
      refused ??= error;
    }
  }
  throw refused;
}

const nobody = ({ credentials }: Greeting): Credentials => ({
  ...credentials,
  username: 'default',
  password: '',
});

async function answersAnyone(dial: Address, target: Greeting): Promise<boolean> {
  try {
    const reader = await letIn(dial, nobody(target), target.timeoutMs);
    reader.close();
    return true;
  } catch {
    return false;
  }
}

/** Without a password nothing is refused before the first question. */
async function letIn(dial: Address, login: Credentials, timeoutMs: number): Promise<Reader> {
  const reader = await openReader(dial, login, timeoutMs);
  try {
    const [reply] = await reader.batch([['PING']]);
    if (reply instanceof Error && /^(NOAUTH|DENIED|ERR max number)/i.test(reply.message)) throw reply;
    return reader;
  } catch (error) {
    reader.close();
    throw error;
  }
}

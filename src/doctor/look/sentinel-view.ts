import type { Address } from '../../model/types.ts';
import { parsePairs } from '../../redis/replies.ts';
import type { Reader } from './reader.ts';

type Fields = Readonly<Record<string, string>>;

/** What a Sentinel says of one primary, with addresses as it announces them. */
export interface SentinelView {
  readonly primary: Fields;
  readonly replicas: readonly Fields[];
  readonly others: readonly Fields[];
  readonly quorumOk: boolean | undefined;
}

/** Everything about the primary of that name, or about all that it watches. */
export async function askSentinel(
  reader: Reader,
  primaryName: string | undefined,
): Promise<readonly SentinelView[]> {
  const reply = await reader.ask('whom it watches', 'SENTINEL', 'MASTERS');
  const watched = listOf(reply).filter(({ name }) => primaryName === undefined || name === primaryName);
  const views: SentinelView[] = [];
  for (const primary of watched) {
    const name = primary.name ?? '';
    views.push({
      primary,
      replicas: listOf(await replicasOf(reader, name)),
      others: listOf(await reader.ask('the other Sentinels', 'SENTINEL', 'SENTINELS', name)),
      quorumOk: await quorumOf(reader, name),
    });
  }
  return views;
}

const listOf = (reply: unknown): readonly Fields[] => (Array.isArray(reply) ? reply.map(parsePairs) : []);

/** Releases before 5.0 know only the old word. */
async function replicasOf(reader: Reader, name: string): Promise<unknown> {
  return (
    (await reader.attempt('SENTINEL', 'REPLICAS', name)) ??
    (await reader.ask('the replicas of its primary', 'SENTINEL', 'SLAVES', name))
  );
}

/** The error is the answer here; a refusal is none. */
async function quorumOf(reader: Reader, name: string): Promise<boolean | undefined> {
  const [reply] = await reader.batch([['SENTINEL', 'CKQUORUM', name]]);
  if (!(reply instanceof Error)) return true;
  return /^NOQUORUM/i.test(reply.message) ? false : undefined;
}

export const addressOf = ({ ip = '', port = '0' }: Fields): Address => ({ host: ip, port: Number(port) });

/** `master0:name=shop,status=ok,address=127.0.0.1:7000,slaves=2,sentinels=3`: all that some users may read. */
export function watchedOf(info: Fields, primaryName: string | undefined): readonly Address[] {
  return Object.entries(info).flatMap(([field, value]) => {
    const [, name, host, port] = /^name=([^,]+),.*address=(.+):(\d+),slaves=/.exec(value) ?? [];
    if (!/^master\d+$/.test(field) || host === undefined) return [];
    return primaryName === undefined || name === primaryName ? [{ host, port: Number(port) }] : [];
  });
}

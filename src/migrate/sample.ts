import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Read, readValue } from '../backup/sample.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Connection } from '../redis/connection.ts';

/** Reading a larger one would hold its server up. */
const LARGE_BYTES = 256 * 1024;
const KEYS = 50;
/** A key that is written at this moment differs for an instant. */
const LOOKS = 5;

interface Pair {
  readonly primary: Read;
  readonly replica: Read;
}

/**
 * Holds some keys of a replica against those of its primary, by content, type and time of expiry. Rejects where one stays
 * different; a server that may not be asked is not judged. Gives how many were compared.
 */
export async function expectSameValues(
  primary: Connection,
  replica: Connection,
  name: string,
): Promise<number> {
  // A replica in a cluster sends readers to its primary, unless they say that they know.
  await replica.call('READONLY').catch(() => undefined);
  const picked = await pick(primary);
  const pair = { primary: primary.batch, replica: replica.batch };
  const different: string[] = [];
  for (const key of picked) if (!(await isSame(pair, key))) different.push(show(key));
  if (different.length > 0) throw new ProblemError(differs(name, different, picked.length));
  return picked.length;
}

async function pick(primary: Connection): Promise<readonly Buffer[]> {
  const replies = await primary.batch(Array.from({ length: KEYS }, () => ['RANDOMKEY']));
  const keys = new Map(replies.filter(Buffer.isBuffer).map((key) => [key.toString('latin1'), key]));
  const all = [...keys.values()];
  const sizes = await primary.batch(all.map((key) => ['MEMORY', 'USAGE', key]));
  return all.filter((_, i) => Number(sizes[i]) <= LARGE_BYTES);
}

async function isSame({ primary, replica }: Pair, key: Buffer): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    const before = await readValue(primary, key);
    const there = await readValue(replica, key);
    // Only a value that stood still meanwhile says anything.
    const stood = isDeepStrictEqual(before, await readValue(primary, key));
    if (!stood || isDeepStrictEqual(before, there)) return true;
    await sleep(40);
  }
  return false;
}

const show = (key: Buffer): string => JSON.stringify(key.toString('utf8')).slice(0, 80);

const differs = (name: string, keys: readonly string[], of: number) =>
  problem(
    'migrate/differs',
    name,
    `${keys.length} of ${of} keys that were looked at are not as on its primary: ${keys.slice(0, 3).join(', ')}.`,
    'Nothing was switched over. Look at the logs of both servers; a copy from the beginning is made after `migrate --rollback`.',
  );

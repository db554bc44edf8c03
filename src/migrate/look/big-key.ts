import type { Connection } from '../../redis/connection.ts';
import type { BigKeyFacts } from './facts.ts';

const PAGE = 500;

/**
 * The largest of the first keys that SCAN names within `budgetMs`. Cheap on the server: a few hundred keys a call, and
 * five elements of each are measured. A large key that it does not meet stays unknown.
 */
export async function sampleBigKey(
  connection: Connection,
  budgetMs: number,
): Promise<BigKeyFacts | undefined> {
  const until = Date.now() + budgetMs;
  let cursor = '0';
  let bytes = 0;
  let looked = 0;
  do {
    const [page] = await connection.batch([['SCAN', cursor, 'COUNT', String(PAGE)]]);
    if (!Array.isArray(page)) return looked === 0 ? undefined : { bytes, looked };
    cursor = String(page[0]);
    const keys = page[1] as readonly Buffer[];
    const sizes = await connection.batch(keys.map((key) => ['MEMORY', 'USAGE', key, 'SAMPLES', '5']));
    if (sizes.some((size) => size instanceof Error)) return undefined;
    bytes = Math.max(bytes, ...sizes.map(Number));
    looked += keys.length;
  } while (cursor !== '0' && Date.now() < until);
  return { bytes, looked };
}

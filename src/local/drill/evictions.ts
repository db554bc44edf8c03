import { dataNodes } from '../../model/build.ts';
import { withConnection } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import type { DrillContext } from './drill.ts';

/** How many keys each data node has evicted since it started; a node that does not answer is left out. */
export async function evictionCounts({
  stack,
  credentials,
}: Pick<DrillContext, 'stack' | 'credentials'>): Promise<ReadonlyMap<string, number>> {
  const counts = await Promise.all(
    dataNodes(stack.placed.nodes).map(async ({ name, ip, port }) => {
      const ask = withConnection({ host: ip, port }, credentials, async (connection) =>
        Number(parseFields(await connection.call('INFO', 'stats')).evicted_keys ?? 0),
      );
      return [name, await ask.catch(() => undefined)] as const;
    }),
  );
  return new Map(counts.flatMap(([name, count]) => (count === undefined ? [] : [[name, count] as const])));
}

/** How many were evicted in between; a node that was restarted has begun to count anew. */
export function evictedBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): number {
  return [...after].reduce((sum, [name, count]) => {
    const earlier = before.get(name) ?? 0;
    return sum + (count >= earlier ? count - earlier : count);
  }, 0);
}

import type { NodeFacts } from '../../facts.ts';

/** Keys, and those of them with a TTL, over all databases: exact, from INFO keyspace. */
export function keysAndTtls({ info }: NodeFacts): { readonly keys: number; readonly expires: number } {
  const dbs = Object.entries(info ?? {}).filter(([name]) => /^db\d+$/.test(name));
  const sum = (what: RegExp) => dbs.reduce((all, [, said]) => all + Number(what.exec(said)?.[1] ?? 0), 0);
  return { keys: sum(/\bkeys=(\d+)/), expires: sum(/\bexpires=(\d+)/) };
}

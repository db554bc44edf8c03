import type { Pace } from './pace.ts';
import { refusalOf } from './refusals.ts';

/** Names of keys of one database, a few at a time. */
export interface KeyNames {
  readonly db: number;
  readonly keys: number;
  /** Names that were not given before, if any. Rejects with a Refused where it may not be asked. */
  next(pace: Pace, count: number): Promise<readonly Buffer[]>;
  /** True after the last one. */
  isOver(): boolean;
}

/** A question that decides all others was refused. */
export class Refused extends Error {
  readonly isNotAllowed: boolean;

  constructor(said: Error, name: string) {
    const { why, allow } = refusalOf(said.message, name);
    super(why);
    this.isNotAllowed = allow !== undefined;
  }
}

/** By SCAN: the place of a key in the table is as good as random, so that the first ones are a sample. */
export function scanned(db: number, keys: number): KeyNames {
  let cursor = '0';
  let hasEnded = false;
  const fresh = remembering();
  return {
    db,
    keys,
    isOver: () => hasEnded,
    async next(pace, count) {
      const [page] = await pace.send([['SCAN', cursor, 'COUNT', String(count)]]);
      if (page instanceof Error) throw new Refused(page, 'scan');
      const [next, names] = page as [Buffer, readonly Buffer[]];
      cursor = String(next);
      hasEnded = cursor === '0';
      return fresh(names);
    },
  };
}

/**
 * By RANDOMKEY: newer releases keep a table for each slot of a cluster, and SCAN goes through one after the other, so that
 * the first keys are those of few slots, and keys with the same hash tag come together.
 */
export function drawn(db: number, keys: number): KeyNames {
  const fresh = remembering();
  return {
    db,
    keys,
    isOver: () => false,
    async next(pace, count) {
      const names = await pace.send(Array.from({ length: count }, () => ['RANDOMKEY']));
      const refused = names.find((name) => name instanceof Error);
      if (refused instanceof Error) throw new Refused(refused, 'randomkey');
      return fresh(names.filter((name) => Buffer.isBuffer(name)));
    },
  };
}

/** SCAN may name a key twice while the table grows. */
function remembering(): (names: readonly Buffer[]) => readonly Buffer[] {
  const seen = new Set<string>();
  return (names) =>
    names.filter((name) => {
      const text = name.toString('latin1');
      const isNew = !seen.has(text);
      seen.add(text);
      return isNew;
    });
}

import type { Address } from '../../../src/model/types.ts';
import { askAll, keysOf, withHolders } from './holders.ts';
import type { Ledger, Login } from './types.ts';

/** What all primaries together hold of the writer's keys. */
export interface Found {
  readonly values: ReadonlyMap<string, string>;
  /** Keys that more than one primary serves, or that lie on one that does not own their slots. */
  readonly astray: readonly string[];
}

export interface Verdict {
  /** How many of each kind were looked at. */
  readonly looked: { readonly unique: number; readonly deleted: number; readonly counted: number };
  /** Acknowledged keys that are not there, or hold something else, with when they were acknowledged (ms since the epoch). */
  readonly lost: readonly (readonly [key: string, at: number])[];
  readonly resurrected: readonly string[];
  /** Hot keys with a version before the last acknowledged one, or one that nobody ever wrote. */
  readonly stale: readonly string[];
  /** Acknowledged steps that counters lack. */
  readonly short: number;
  /** Steps that counters have beyond the acknowledged ones, and how many calls may have taken place unseen. */
  readonly over: number;
  readonly unsure: number;
  readonly astray: readonly string[];
  /** What must not be, in words; empty where all is well. */
  readonly flaws: readonly string[];
}

/** Reads the writer's keys from the servers themselves, whatever topology they are, and holds them against the ledger. */
export async function verify(
  ledger: Ledger,
  keyPrefix: string,
  addresses: readonly Address[],
  login: Login,
): Promise<Verdict> {
  return judge(ledger, await readAll(keyPrefix, addresses, login));
}

export function readAll(prefix: string, addresses: readonly Address[], login: Login): Promise<Found> {
  return withHolders(addresses, login, async (holders) => {
    const values = new Map<string, string>();
    const astray: string[] = [];
    for (const holder of holders) {
      for await (const keys of keysOf(holder, prefix)) {
        const own = keys.filter((key) => holder.owns(key));
        astray.push(...keys.filter((key) => !holder.owns(key) || values.has(key)));
        const replies = await askAll(
          holder,
          own.map((key) => ['GET', key]),
        );
        own.forEach((key, i) => {
          values.set(key, String(replies[i]));
        });
      }
    }
    return { values, astray };
  });
}

export function judge({ unique, deleted, hot, counters }: Ledger, { values, astray }: Found): Verdict {
  const lost = unique
    .filter(([key, value]) => values.get(key) !== value)
    .map(([key, , at]) => [key, at] as const);
  const resurrected = deleted.filter(([key]) => values.has(key)).map(([key]) => key);
  const stale = hot
    .filter(([key, acknowledged, tried]) => !isBetween(number(values, key), acknowledged, tried))
    .map(([key]) => key);
  const counts = counters.map(([key, acknowledged, unsure]) => {
    const beyond = number(values, key) - acknowledged;
    return { short: Math.max(0, -beyond), over: Math.max(0, beyond), unsure };
  });
  const sum = (of: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, count) => total + of(count), 0);
  const beyondDoubt = sum(({ over, unsure }) => Math.max(0, over - unsure));
  const figures = {
    lost,
    resurrected,
    stale,
    short: sum(({ short }) => short),
    over: sum(({ over }) => over),
    unsure: sum(({ unsure }) => unsure),
    astray,
  };
  return {
    looked: {
      unique: unique.length,
      deleted: deleted.length,
      counted: counters.reduce((total, [, acknowledged]) => total + acknowledged, 0),
    },
    ...figures,
    flaws: [
      ...say(lost.length, 'acknowledged keys lost'),
      ...say(resurrected.length, 'deleted keys are there again'),
      ...say(stale.length, 'overwritten keys with a wrong version'),
      ...say(figures.short, 'acknowledged steps of counters missing'),
      ...say(beyondDoubt, 'steps of counters too many'),
      ...say(astray.length, 'keys on a server that does not own them'),
    ],
  };
}

const isBetween = (value: number, least: number, most: number): boolean => value >= least && value <= most;

const number = (values: ReadonlyMap<string, string>, key: string): number => Number(values.get(key) ?? 0);

const say = (count: number, what: string): readonly string[] => (count === 0 ? [] : [`${count} ${what}`]);

import type { Address } from '../../src/model/types.ts';
import type { Engine } from '../../tests/support/engines.ts';
import { type Harvest, harvest, type Seed } from '../../tests/support/migration/data.ts';
import type { Account, Library, Login, Written } from '../../tests/support/migration/types.ts';
import { verify } from '../../tests/support/migration/verdict.ts';

export interface Settings {
  readonly engine: Engine;
  readonly keys: number;
  /** Writes a second. */
  readonly rate: number;
  /** The client of the application where it is this tool that migrates. */
  readonly client: Library | 'emitted';
}

/** What one way of migrating came to. Times in ms. */
export interface Round {
  readonly title: string;
  readonly totalMs: number;
  /** The longest time without an acknowledged write, of all workers of the application together. */
  readonly clientGapMs: number;
  /** The longest that one write has waited. */
  readonly slowestMs: number;
  /** The longest time without an acknowledged write, seen by one connection that asks again at once: until the new server has taken over, and after that. */
  readonly switchMs: number | undefined;
  readonly laterMs: number | undefined;
  readonly p99Ms: number;
  readonly failed: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly resurrected: number;
  readonly stale: number;
  readonly short: number;
  readonly over: number;
  /** Whether the data that lay there arrived as it was. */
  readonly isSame: boolean;
  readonly note: string;
}

export const seedOf = ({ keys }: Settings): Seed => ({
  prefix: 'shop:seed:',
  count: keys,
  largeFields: 100_000,
});

/** Of a million keys, so many are compared by their contents. */
const COMPARED = 50_000;

export const look = (settings: Settings, nodes: readonly Address[], login: Login): Promise<Harvest> =>
  harvest(seedOf(settings), nodes, login, Math.max(1, Math.floor(settings.keys / COMPARED)));

/** Holds what several runs of writers have seen against what is there, and puts it together. */
export async function account(
  written: readonly (Written & { readonly keyPrefix: string })[],
  nodes: readonly Address[],
  login: Login,
) {
  const sums = { acknowledged: 0, failed: 0, lost: 0, resurrected: 0, stale: 0, short: 0, over: 0 };
  for (const one of written) {
    const verdict = await verify(one.ledger, one.keyPrefix, nodes, login);
    sums.acknowledged += one.account.acknowledged;
    sums.failed += one.account.failed;
    sums.lost += verdict.lost.length;
    sums.resurrected += verdict.resurrected.length;
    sums.stale += verdict.stale.length;
    sums.short += verdict.short;
    sums.over += Math.max(0, verdict.over - verdict.unsure);
  }
  const accounts = written.map((one) => one.account);
  return {
    ...sums,
    clientGapMs: greatest(accounts, ({ gaps }) => gaps[0]?.ms ?? 0),
    slowestMs: greatest(accounts, ({ slowest }) => slowest.ms),
    p99Ms: greatest(accounts, ({ latencyMs }) => latencyMs.p99),
  };
}

const greatest = (accounts: readonly Account[], of: (one: Account) => number): number =>
  Math.max(...accounts.map(of));

import { Access } from './access.js';
import { checkKeyed, type KeyedDefinition } from './counters.js';
import type { Definition, Services } from './definition.js';
import { lifetimeArgument } from './names.js';
import { pairsOf, textOf } from './replies.js';
import { script } from './scripts.js';

export interface LeaderboardDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * Whether the highest or the lowest score comes first.
   *
   * @default 'highest'
   */
  readonly first?: 'highest' | 'lowest';
}

export interface Placed {
  readonly member: string;
  /** Exact up to 2^53. */
  readonly score: number;
  /** 0 is the first; members with equal scores are in the order of their bytes, the last ones first on `highest`. */
  readonly rank: number;
}

/** KEYS: board. ARGV: lifetime, member, score, then options of ZADD. Gives the score that stands. */
const submit = script<string>(
  `local words = {'ZADD', KEYS[1]}
for i = 4, #ARGV do words[#words + 1] = ARGV[i] end
words[#words + 1] = ARGV[3]
words[#words + 1] = ARGV[2]
redis.call(unpack(words))
if ARGV[1] ~= '0' and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return redis.call('ZSCORE', KEYS[1], ARGV[2])`,
  String,
);

/** Members in the order of their scores. */
export function leaderboard<Id>(definition: LeaderboardDefinition<Id>): Definition<Leaderboard<Id>> {
  checkKeyed(definition);
  return { name: definition.name, open: (services) => new Leaderboard(services, definition) };
}

export class Leaderboard<Id> {
  readonly #access: Access;
  readonly #definition: LeaderboardDefinition<Id>;

  constructor(services: Services, definition: LeaderboardDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /** Keeps the better of this score and the member's present one, and gives the one that stands. */
  submit(id: Id, member: string, score: number): Promise<number> {
    return this.#write(id, member, score, this.#isHighest ? 'GT' : 'LT');
  }

  /** Replaces the member's score. */
  set(id: Id, member: string, score: number): Promise<number> {
    return this.#write(id, member, score);
  }

  /** Adds to the member's score and gives the sum; a lost answer can count twice. */
  add(id: Id, member: string, points: number): Promise<number> {
    return this.#write(id, member, points, 'INCR');
  }

  /** Where a member stands, `null` where it does not. */
  async rank(id: Id, member: string): Promise<Placed | null> {
    const key = this.#key(id);
    const [rank, score] = await Promise.all([
      this.#access.call(key, [this.#isHighest ? 'ZREVRANK' : 'ZRANK', key, member]),
      this.#access.call(key, ['ZSCORE', key, member]),
    ]);
    if (textOf(rank) === null || textOf(score) === null) return null;
    return { member, score: Number(score), rank: Number(rank) };
  }

  /** The first `count`. */
  top(id: Id, count: number): Promise<Placed[]> {
    return this.#range(id, 0, count - 1);
  }

  /** A member with `each` neighbours on either side; empty where it does not stand. */
  async around(id: Id, member: string, each: number): Promise<Placed[]> {
    const own = await this.rank(id, member);
    return own === null ? [] : this.#range(id, Math.max(0, own.rank - each), own.rank + each);
  }

  /** Members with scores from `low` to `high`, the lowest first, up to `limit`. */
  async between(
    id: Id,
    low: number,
    high: number,
    limit = 100,
  ): Promise<{ readonly member: string; readonly score: number }[]> {
    const key = this.#key(id);
    const range = ['ZRANGE', key, String(low), String(high), 'BYSCORE', 'LIMIT', '0', String(limit)] as const;
    const reply = await this.#access.call(key, [...range, 'WITHSCORES']);
    return pairsOf(reply).map(([member, score]) => ({ member, score: Number(score) }));
  }

  async remove(id: Id, member: string): Promise<boolean> {
    const key = this.#key(id);
    return Number(await this.#access.call(key, ['ZREM', key, member])) > 0;
  }

  async size(id: Id): Promise<number> {
    const key = this.#key(id);
    return Number(await this.#access.call(key, ['ZCARD', key]));
  }

  get #isHighest(): boolean {
    return this.#definition.first !== 'lowest';
  }

  async #write(id: Id, member: string, score: number, ...options: readonly string[]): Promise<number> {
    const args = [lifetimeArgument(this.#definition.ttlMs), member, String(score), ...options];
    return Number(await this.#access.run(submit, [this.#key(id)], args));
  }

  async #range(id: Id, from: number, to: number): Promise<Placed[]> {
    const key = this.#key(id);
    const command = this.#isHighest ? 'ZREVRANGE' : 'ZRANGE';
    const reply = await this.#access.call(key, [command, key, String(from), String(to), 'WITHSCORES']);
    return pairsOf(reply).map(([member, score], i) => ({ member, score: Number(score), rank: from + i }));
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}

import type { Definition } from './definition.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey, wellFormed } from './keyed.js';
import { integerText, numberText, refuseInexact } from './numbers.js';
import { pairsOf } from './replies.js';
import { script } from './scripts.js';

export interface LeaderboardDefinition<Id> extends KeyedDefinition<Id> {
  /**
   * Whether the highest or the lowest score comes first.
   *
   * @default 'highest'
   */
  readonly first?: 'highest' | 'lowest';
}

export interface LeaderboardEntry {
  readonly member: string;
  readonly score: number;
  /** 0 is the first, and no two members have the same: those with equal scores stand in the order that `Leaderboard` says. */
  readonly rank: number;
}

export interface LeaderboardRange {
  /**
   * The lowest score.
   *
   * @default -Infinity
   */
  readonly from?: number;
  /**
   * The highest score.
   *
   * @default Infinity
   */
  readonly to?: number;
  /**
   * How many at most.
   *
   * @default 100
   */
  readonly count?: number;
}

/** KEYS: board. ARGV: lifetime, when it begins, member, then arguments of ZADD. Gives the score that stands. */
const write = script<number>(
  `redis.call('ZADD', KEYS[1], unpack(ARGV, 4))
${keepKey}
return redis.call('ZSCORE', KEYS[1], ARGV[3])`,
  Number,
);

/** KEYS: board. ARGV: lifetime, when it begins, member, points. */
const addPoints = script<number>(
  `${refuseInexact(`(redis.call('ZSCORE', KEYS[1], ARGV[3]) or 0) + ARGV[4]`)}
local reply = redis.call('ZINCRBY', KEYS[1], ARGV[4], ARGV[3])
${keepKey}
return reply`,
  Number,
);

/**
 * KEYS: board. ARGV: lifetime, when it begins, member, command for its rank, how many on either side, then more words of
 * ZRANGE. In one step, or the member could have left the stretch that is read.
 */
const neighbours = script<LeaderboardEntry[]>(
  `local rank = redis.call(ARGV[4], KEYS[1], ARGV[3])
if not rank then return {0, {}} end
local from = math.max(0, rank - ARGV[5])
return {from, redis.call('ZRANGE', KEYS[1], from, rank + ARGV[5], 'WITHSCORES', unpack(ARGV, 6))}`,
  stretchOf,
);

/** KEYS: board. ARGV: lifetime, when it begins, range of the better scores, range of these, count, then more words. */
const byScore = script<LeaderboardEntry[]>(
  `return {redis.call('ZCOUNT', KEYS[1], ARGV[3], ARGV[4]),
redis.call('ZRANGE', KEYS[1], ARGV[5], ARGV[6], 'BYSCORE', 'WITHSCORES', 'LIMIT', 0, ARGV[7], unpack(ARGV, 8))}`,
  stretchOf,
);

/** The rank of the first one, and members with their scores. */
function stretchOf(reply: unknown): LeaderboardEntry[] {
  const [from, members] = reply as readonly unknown[];
  return entriesOf(Number(from), members);
}

function entriesOf(from: number, members: unknown): LeaderboardEntry[] {
  return pairsOf(members).map(([member, score], i) => ({ member, score: Number(score), rank: from + i }));
}

/** Members in the order of their scores: players of a game, sellers of a month. */
export function leaderboard<Id>(definition: LeaderboardDefinition<Id>): Definition<Leaderboard<Id>> {
  return defineKeyed(definition, (keyed) => new Leaderboard(keyed, definition.first !== 'lowest'));
}

/**
 * A sorted set for each id. Scores are any numbers up to 2^53 - 1 either way, fractions as well; others are refused with
 * `redis/bad-use`. Members with equal scores stand in the order of the bytes of their names: upwards where the lowest score
 * comes first, downwards (`b` before `a`) where the highest does.
 */
export class Leaderboard<Id> {
  readonly #keyed: Keyed<Id>;
  readonly #isHighest: boolean;

  constructor(keyed: Keyed<Id>, isHighest: boolean) {
    this.#keyed = keyed;
    this.#isHighest = isHighest;
  }

  /**
   * Keeps the better one of this score and the member's present one, and gives the one that stands. Repeating it does no
   * harm.
   */
  async submit(id: Id, member: string, score: number): Promise<number> {
    return this.#write(id, member, score, this.#isHighest ? 'GT' : 'LT');
  }

  /** Replaces the member's score and gives it; of two who do this at once, one is last. */
  async set(id: Id, member: string, score: number): Promise<number> {
    return this.#write(id, member, score);
  }

  /**
   * Adds to the member's score, which begins at 0, and gives the sum. Rejects with `redis/refused`, and adds nothing, where
   * that would be beyond 2^53 - 1 either way. A lost answer can count twice.
   */
  async add(id: Id, member: string, points: number): Promise<number> {
    return this.#keyed.run(id, addPoints, this.#member(member), this.#number('points', points));
  }

  /** Where a member stands, `null` where it does not. */
  async rank(id: Id, member: string): Promise<LeaderboardEntry | null> {
    const [entry = null] = await this.around(id, member, 0);
    return entry;
  }

  /** The first `count`, or as many from rank `from` on. */
  async top(id: Id, count: number, from = 0): Promise<LeaderboardEntry[]> {
    const { name } = this.#keyed;
    const first = integerText(name, 'from', from, 0);
    integerText(name, 'count', count, 1);
    const range = [first, String(from + count - 1), 'WITHSCORES', ...this.#order];
    return entriesOf(from, await this.#keyed.ask(id, 'ZRANGE', ...range));
  }

  /** A member with up to `each` neighbours on either side, in the order of the board; empty where it does not stand. */
  async around(id: Id, member: string, each: number): Promise<LeaderboardEntry[]> {
    const command = this.#isHighest ? 'ZREVRANK' : 'ZRANK';
    const distance = integerText(this.#keyed.name, 'each', each, 0);
    return this.#keyed.run(id, neighbours, this.#member(member), command, distance, ...this.#order);
  }

  /** Members with scores in a range, both ends included, in the order of the board. */
  async between(id: Id, { from, to, count = 100 }: LeaderboardRange): Promise<LeaderboardEntry[]> {
    const low = this.#bound('from', from, '-inf');
    const high = this.#bound('to', to, '+inf');
    const limit = integerText(this.#keyed.name, 'count', count, 1);
    const ranges = this.#isHighest ? [`(${high}`, '+inf', high, low] : ['-inf', `(${low}`, low, high];
    return this.#keyed.run(id, byScore, ...ranges, limit, ...this.#order);
  }

  /** Takes a member off the board and says whether it stood there. */
  async remove(id: Id, member: string): Promise<boolean> {
    return Number(await this.#keyed.ask(id, 'ZREM', this.#member(member))) > 0;
  }

  async size(id: Id): Promise<number> {
    return Number(await this.#keyed.ask(id, 'ZCARD'));
  }

  /** Deletes the board and says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }

  get #order(): readonly string[] {
    return this.#isHighest ? ['REV'] : [];
  }

  async #write(id: Id, member: string, score: number, ...options: readonly string[]): Promise<number> {
    const [name, number] = [this.#member(member), this.#number('score', score)];
    return this.#keyed.run(id, write, name, ...options, number, name);
  }

  #member(member: string): string {
    wellFormed(this.#keyed.name, [member]);
    return member;
  }

  #number(what: string, value: number): string {
    return numberText(this.#keyed.name, what, value);
  }

  #bound(what: string, value: number | undefined, open: '-inf' | '+inf'): string {
    const isOpen = value === undefined || value === (open === '+inf' ? Infinity : -Infinity);
    return isOpen ? open : this.#number(what, value);
  }
}

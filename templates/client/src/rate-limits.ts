import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { RedisError } from './errors.js';
import { fixedWindow } from './fixed-window.js';
import { gcra } from './gcra.js';
import { LocalLimit } from './local-limit.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import type { Algorithm, Allowance, Count } from './rate-limit-algorithm.js';
import { isPassing } from './retry.js';
import { slidingWindow } from './sliding-window.js';

export interface RateLimitDefinition<Id> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** Whom the limit is for: a user, an address, a token. */
  readonly key: (id: Id) => readonly KeyPart[];
  /** How much is allowed in `perMs`. */
  readonly limit: number;
  /** The time that `limit` is for, in milliseconds. */
  readonly perMs: number;
  /**
   * How it is counted.
   *
   * `gcra` lets `burst` through at once and then one every `perMs / limit`: in any time t at most
   * `burst + limit * t / perMs`. It is the quickest and smallest.
   *
   * `sliding` never lets more than `limit` through in any `perMs`. It keeps a log, of 400 bytes at most however large the
   * limit is, because times within a twentieth of the period share an entry; what came before its latest then counts for up
   * to 5 % longer than `perMs`. (The usual two counters would be smaller and can let nearly twice the limit through.)
   *
   * `fixed` counts in windows that begin with the first that passes, and can let twice the limit through around the end of
   * one: for quotas that are told to a customer.
   *
   * @default 'gcra'
   */
  readonly algorithm?: 'gcra' | 'sliding' | 'fixed';
  /**
   * How much may come at once after a pause; only for `gcra`.
   *
   * @default limit
   */
  readonly burst?: number;
  /**
   * What is answered when Redis is not: `open` lets everything through, `closed` nothing, `local` counts with `gcra` in this
   * process alone, so that n processes let n times as much through.
   *
   * @default 'open'
   */
  readonly whenAway?: 'open' | 'closed' | 'local';
}

/** The numbers that the `RateLimit` and `Retry-After` headers of HTTP are made of. */
export interface RateLimitVerdict {
  readonly allowed: boolean;
  /** The most that can pass at once: the burst of `gcra`, else the limit. */
  readonly limit: number;
  /** How much more would be let through now, in whole units. */
  readonly remaining: number;
  /** When to come again, in milliseconds from now; 0 where it is allowed, `Infinity` where the cost is above the limit. */
  readonly retryAfterMs: number;
  /** When all of the limit is there again, in milliseconds from now. */
  readonly resetMs: number;
  /** True where Redis did not answer and `whenAway` did. */
  readonly isGuess: boolean;
}

const algorithms = { gcra, sliding: slidingWindow, fixed: fixedWindow } as const;
const answers: readonly unknown[] = ['open', 'closed', 'local'];

// A server that is away is tried again about as often.
const awayMs = 1000;

/**
 * So much in so much time, counted for all processes together and by the server's clock. Throws `redis/bad-use` if the
 * definition cannot work.
 *
 * Each id has one key, which ends when nothing counts any more. A server that drops keys when it is full forgets what it
 * counted for them.
 */
export function rateLimit<Id>(definition: RateLimitDefinition<Id>): Definition<RateLimit<Id>> {
  const { name, limit, perMs, burst = limit, algorithm = 'gcra', whenAway = 'open' } = definition;
  checkName(name);
  checkMs(name, 'perMs', perMs);
  checkAmount(`The limit of '${name}'`, limit);
  checkAmount(`The burst of '${name}'`, burst);
  checkMs(name, 'perMs * burst / limit', Math.max(1, (perMs * burst) / limit));
  if (!Object.hasOwn(algorithms, algorithm)) throw badUse(`'${name}' has no algorithm '${algorithm}'.`);
  if (!answers.includes(whenAway)) throw badUse(`'${name}' has no answer '${whenAway}' for whenAway.`);
  if (algorithm !== 'gcra' && definition.burst !== undefined)
    throw badUse(`'${name}' has a burst, which only gcra knows; ${algorithm} goes by the limit.`);
  const allowance = { limit, perMs, burst };
  return { name, open: (services) => new RateLimit(services, definition, allowance) };
}

function checkAmount(what: string, amount: number): void {
  if (!(Number.isFinite(amount) && amount > 0))
    throw badUse(`${what} has to be a number above 0, and is ${amount}.`);
}

/** A limit; made by `rateLimit`. */
export class RateLimit<Id> {
  readonly #access: Access;
  readonly #definition: RateLimitDefinition<Id>;
  readonly #algorithm: Algorithm;
  readonly #local: LocalLimit;
  readonly #suffix: string;

  constructor(services: Services, definition: RateLimitDefinition<Id>, allowance: Allowance) {
    const { name, algorithm = 'gcra' } = definition;
    this.#access = new Access(services, name);
    this.#definition = definition;
    this.#algorithm = algorithms[algorithm](allowance);
    this.#local = new LocalLimit(allowance);
    // An algorithm cannot read what another one wrote before a deploy.
    this.#suffix = `:${algorithm}`;
  }

  /**
   * Asks whether `cost` may pass, and counts it if so; what is refused does not count. A cost may be a fraction; one above
   * the limit never passes.
   *
   * Answers within the deadline of cache calls, and at once while Redis is known to be away. A refusal is an answer, not
   * an error; it rejects with `redis/bad-use` for a cost that is no number above 0, and with `redis/refused` where Redis
   * has an error, such as missing rights, that a moment's wait will not mend.
   */
  check(id: Id, cost = 1): Promise<RateLimitVerdict> {
    return this.#ask('check', id, cost);
  }

  /** As `check`, but counts nothing. */
  peek(id: Id, cost = 1): Promise<RateLimitVerdict> {
    return this.#ask('peek', id, cost);
  }

  /**
   * Forgets what was counted for an id, after a successful login for example. Rejects with `redis/deadline` if Redis does not
   * confirm within `writeWithinMs`.
   */
  async reset(id: Id): Promise<void> {
    const key = this.#key(id);
    this.#local.reset(key);
    await this.#access.delete(key);
  }

  async #ask(how: 'check' | 'peek', id: Id, cost: number): Promise<RateLimitVerdict> {
    const { capacity, args, read } = this.#algorithm;
    checkAmount(`A cost of '${this.#definition.name}'`, cost);
    if (cost > capacity)
      return {
        ...(await this.#ask('peek', id, capacity)),
        allowed: false,
        retryAfterMs: Number.POSITIVE_INFINITY,
      };
    const key = this.#key(id);
    const { guard, port } = this.#access.services;
    try {
      const reply = await guard.run(key, () => port.run(this.#algorithm[how], [key], args(cost)));
      return this.#verdict(how, read(reply, cost), false);
    } catch (error) {
      if (!isAway(error)) throw error;
      return this.#verdict(how, this.#guess(how, key, cost), true);
    }
  }

  #verdict(how: 'check' | 'peek', count: Count, isGuess: boolean): RateLimitVerdict {
    const { allowed, remaining, retryAfterMs, resetMs } = count;
    const { isObserved, observe } = this.#access.services;
    if (isObserved) {
      const { name } = this.#definition;
      if (isGuess) observe({ name, what: 'unanswered' });
      if (how === 'check') observe({ name, what: allowed ? 'allowed' : 'limited' });
    }
    return { allowed, limit: this.#algorithm.capacity, remaining, retryAfterMs, resetMs, isGuess };
  }

  #guess(how: 'check' | 'peek', key: string, cost: number): Count {
    const { whenAway = 'open' } = this.#definition;
    if (whenAway === 'local') return this.#local[how](key, cost);
    if (whenAway === 'closed') return { allowed: false, remaining: 0, retryAfterMs: awayMs, resetMs: awayMs };
    return { allowed: true, remaining: this.#algorithm.capacity, retryAfterMs: 0, resetMs: 0 };
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id)) + this.#suffix;
  }
}

// A mistake in rights or in a script is no absence, and must not open every door; a server that cannot write now is away.
function isAway(error: unknown): boolean {
  if (isPassing(error)) return true;
  if (!(error instanceof RedisError)) return false;
  if (error.code === 'redis/refused')
    return error.cause instanceof Error && /^(OOM|MISCONF) /.test(error.cause.message);
  return ['redis/deadline', 'redis/breaker-open', 'redis/overloaded'].includes(error.code);
}

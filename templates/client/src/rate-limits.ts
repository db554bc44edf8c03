import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { RedisError } from './errors.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import { type Script, script } from './scripts.js';

export interface RateLimitDefinition<Id> {
  readonly name: string;
  /** Whom the limit is for: a user, an address. */
  readonly key: (id: Id) => readonly KeyPart[];
  /** How much is allowed in `perMs`. */
  readonly limit: number;
  readonly perMs: number;
  /**
   * `gcra` spreads the limit evenly and lets `burst` through at once; `sliding` never lets more than `limit` through in any
   * `perMs`, at the cost of memory for each; `fixed` counts in windows and can let twice the limit through around their ends.
   *
   * @default 'gcra'
   */
  readonly algorithm?: 'gcra' | 'sliding' | 'fixed';
  /**
   * How much may come at once after a pause, for `gcra`.
   *
   * @default limit
   */
  readonly burst?: number;
  /**
   * What to say when Redis does not answer: `open` lets everything through, `closed` nothing, `local` counts in this
   * process alone.
   *
   * @default 'open'
   */
  readonly whenAway?: 'open' | 'closed' | 'local';
}

export interface Verdict {
  readonly allowed: boolean;
  /** How much more would be let through now. */
  readonly remaining: number;
  /** When to come again, in milliseconds from now; 0 where it is allowed. */
  readonly retryAfterMs: number;
  /** When the whole burst is there again, in milliseconds from now. */
  readonly resetMs: number;
  /** True where Redis was not asked, or did not answer. */
  readonly isGuess: boolean;
}

type Numbers = readonly [allowed: number, remaining: number, retryAfterMs: number, resetMs: number];

const decode = (reply: unknown): Numbers => (reply as unknown[]).map(Number) as unknown as Numbers;

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000`;

/** KEYS: theoretical arrival. ARGV: limit, period, burst, cost. (GCRA: ITU-T I.371; one number a key.) */
const gcra = script<Numbers>(
  `${now}
local interval = ARGV[2] / ARGV[1]
local tolerance = interval * ARGV[3]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = arrival + interval * ARGV[4]
local early = next - tolerance - now
if early > 0 then
  return {0, math.floor((tolerance - (arrival - now)) / interval), math.ceil(early), math.ceil(arrival - now)}
end
if next > now then redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now)) end
return {1, math.floor((tolerance - (next - now)) / interval), 0, math.ceil(next - now)}`,
  decode,
);

/** KEYS: events, by time. ARGV: limit, period, burst, cost. */
const sliding = script<Numbers>(
  `${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
local cost = tonumber(ARGV[4])
if count + cost > tonumber(ARGV[1]) then
  local index = count + cost - ARGV[1] - 1
  local due = redis.call('ZRANGE', KEYS[1], index, index, 'WITHSCORES')
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  local wait = due[2] and due[2] + ARGV[2] - now or tonumber(ARGV[2])
  local reset = last[2] and last[2] + ARGV[2] - now or 0
  return {0, math.max(0, ARGV[1] - count), math.ceil(wait), math.ceil(reset)}
end
local sequence = redis.call('ZRANGE', KEYS[1], -1, -1)[1]
local number = sequence and tonumber(string.match(sequence, '%d+$')) or 0
for i = 1, cost do redis.call('ZADD', KEYS[1], string.format('%.3f', now), string.format('%.3f-%016d', now, number + i)) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, ARGV[1] - count - cost, 0, tonumber(ARGV[2])}`,
  decode,
);

/** KEYS: count. ARGV: limit, period, burst, cost. */
const fixed = script<Numbers>(
  `local count = tonumber(redis.call('GET', KEYS[1]) or 0)
local left = redis.call('PTTL', KEYS[1])
if left < 0 then left = tonumber(ARGV[2]) end
if count + ARGV[4] > tonumber(ARGV[1]) then return {0, ARGV[1] - count, left, left} end
count = redis.call('INCRBY', KEYS[1], ARGV[4])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, ARGV[1] - count, 0, left}`,
  decode,
);

const scripts: Readonly<Record<'gcra' | 'sliding' | 'fixed', Script<Numbers>>> = { gcra, sliding, fixed };

/** So much in so much time, counted for all processes together and by the server's clock. */
export function rateLimit<Id>(definition: RateLimitDefinition<Id>): Definition<RateLimit<Id>> {
  const { name, limit, perMs, burst = limit } = definition;
  checkName(name);
  checkMs(name, 'perMs', perMs);
  if (!(Number.isFinite(limit) && limit > 0)) throw badUse(`'${name}' needs a limit above 0.`);
  if (!(Number.isFinite(burst) && burst >= 1)) throw badUse(`'${name}' needs a burst of at least 1.`);
  return { name, open: (services) => new RateLimit(services, definition) };
}

export class RateLimit<Id> {
  readonly #access: Access;
  readonly #definition: RateLimitDefinition<Id>;
  /** For `local`: the theoretical arrivals of this process. */
  readonly #arrivals = new Map<string, number>();

  constructor(services: Services, definition: RateLimitDefinition<Id>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
  }

  /**
   * Asks whether `cost` may pass, and counts it if so. Takes no longer than the cache deadline, whatever Redis does; a
   * refusal is an answer, not an error.
   */
  async check(id: Id, cost = 1): Promise<Verdict> {
    const { limit, perMs, burst = limit, algorithm = 'gcra', name } = this.#definition;
    if (!(Number.isFinite(cost) && cost > 0)) throw badUse(`'${name}' was asked for a cost of ${cost}.`);
    const key = this.#access.key(this.#definition.key(id));
    const { guard, port, observe } = this.#access.services;
    const args = [limit, perMs, burst, cost].map(String);
    try {
      const reply = await guard.run(key, () => port.run(scripts[algorithm], [key], args));
      const [allowed, remaining, retryAfterMs, resetMs] = reply;
      observe({ name, what: allowed === 1 ? 'allowed' : 'limited' });
      return {
        allowed: allowed === 1,
        remaining: Math.max(0, remaining),
        retryAfterMs,
        resetMs,
        isGuess: false,
      };
    } catch (error) {
      // A mistake in rights or in the script is no absence, and must not open every door.
      if (error instanceof RedisError && error.code === 'redis/refused') throw error;
      observe({ name, what: 'unanswered' });
      return this.#guess(key, cost);
    }
  }

  #guess(key: string, cost: number): Verdict {
    const { limit, perMs, burst = limit, whenAway = 'open' } = this.#definition;
    const base = { retryAfterMs: 0, resetMs: 0, isGuess: true };
    if (whenAway === 'open') return { ...base, allowed: true, remaining: limit };
    if (whenAway === 'closed') return { ...base, allowed: false, remaining: 0, retryAfterMs: perMs };
    const interval = perMs / limit;
    const present = performance.now();
    const arrival = Math.max(this.#arrivals.get(key) ?? present, present);
    const next = arrival + interval * cost;
    const early = next - interval * burst - present;
    if (early > 0) return { ...base, allowed: false, remaining: 0, retryAfterMs: Math.ceil(early) };
    this.#remember(key, next);
    const remaining = Math.floor((interval * burst - (next - present)) / interval);
    return { ...base, allowed: true, remaining, resetMs: Math.ceil(next - present) };
  }

  /** Bounded, so that an outage under attack does not fill the memory. */
  #remember(key: string, arrival: number): void {
    if (this.#arrivals.size >= 10_000) this.#arrivals.clear();
    this.#arrivals.set(key, arrival);
  }
}

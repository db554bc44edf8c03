import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { textOf } from './replies.js';
import { persist } from './retry.js';
import { releaseLease, renewLease, script } from './scripts.js';
import { within } from './time.js';

// The last fence is kept for as long as clocks can be set back without a fence that is lower.
const fenceMs = 3_600_000;

/**
 * KEYS: lock, fence. ARGV: token, milliseconds of the lock, milliseconds of the fence. Gives the fence, which is the server's
 * time in microseconds or one more than the last one: a fence that was dropped or lost does not begin again at 1.
 */
const take = script<number | null>(
  `local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local time = redis.call('TIME')
local fence = math.max((redis.call('GET', KEYS[2]) or 0) + 1, time[1] * 1000000 + time[2])
fence = string.format('%.0f', fence)
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
return fence`,
  (reply) => (textOf(reply) === null ? null : Number(reply)),
);

// The rest is for work to stop in, for clocks that do not run equally fast, and for timers that are late.
const sureShare = 0.9;
// Nobody waits longer than this to give a lock back; it ends by itself.
const releaseMs = 1000;

/** One key that is taken, kept for as long as it is needed, and given back. */
export class Holding {
  readonly #port: RedisPort;
  readonly #key: string;
  readonly #token: string;
  readonly #ttlMs: number;
  #onLost: (why: string) => void = () => {};
  #lossTimer: NodeJS.Timeout | undefined;
  #renewTimer: NodeJS.Timeout | undefined;
  /** Until then nobody else can have it, by the monotonic clock of this process. */
  #sureUntil = 0;
  #mayBeOurs = false;
  #isOver = false;

  constructor(port: RedisPort, key: string, token: string, ttlMs: number) {
    this.#port = port;
    this.#key = key;
    this.#token = token;
    this.#ttlMs = ttlMs;
  }

  /** Asks for the key once, and gives the fence, or `null` where another one holds it. */
  async take(): Promise<number | null> {
    const askedAt = performance.now();
    this.#mayBeOurs = true;
    const args = [this.#token, this.#ttlMs, Math.max(fenceMs, this.#ttlMs)].map(String);
    const fence = await this.#port.run(take, [this.#key, `${this.#key}:fence`], args);
    if (fence === null) {
      this.#mayBeOurs = false;
      return null;
    }
    if (this.#isOver) {
      // Nobody waits for the answer any more, and a question that was redirected can arrive after the lock was given back.
      void this.#release();
      return null;
    }
    this.#sureUntil = askedAt + this.#ttlMs * sureShare;
    if (performance.now() < this.#sureUntil) return fence;
    // It may be another one's by now; asked again, Redis extends it or says so.
    throw new RedisError('redis/unreachable', 'The lock had ended before Redis confirmed it.');
  }

  /** Extends it until it is given back; `onLost` is told, before it can be another one's, if that fails. */
  keep(onLost: (why: string) => void): void {
    this.#onLost = onLost;
    this.#goOn();
  }

  /** Gives it back, whether it is held, lost or still being asked for. */
  async letGo(): Promise<void> {
    this.#end();
    if (!this.#mayBeOurs) return;
    await within(this.#release(), Math.max(0, Math.min(releaseMs, this.#sureUntil - performance.now())));
  }

  /** Extends it after a third of its time, counted from the question like all of that time. */
  #goOn(): void {
    clearTimeout(this.#lossTimer);
    const sureMs = this.#sureUntil - performance.now();
    this.#lossTimer = setTimeout(() => this.#lose('Redis did not confirm it in time'), sureMs);
    this.#renewAfter(sureMs - this.#ttlMs * (sureShare - 1 / 3));
  }

  #renewAfter(ms: number): void {
    this.#renewTimer = setTimeout(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const isOurs = await this.#port.run(renewLease, [this.#key], [this.#token, String(this.#ttlMs)]);
      if (this.#isOver) return;
      if (!isOurs) return this.#lose('it had ended');
      this.#sureUntil = askedAt + this.#ttlMs * sureShare;
      this.#goOn();
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof RedisError && error.code === 'redis/closed')
        return this.#lose('the connection was closed');
      // It cannot have ended yet: there is time for more tries.
      this.#renewAfter(this.#ttlMs / 10);
    }
  }

  #lose(why: string): void {
    this.#end();
    this.#onLost(why);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#lossTimer);
    clearTimeout(this.#renewTimer);
  }

  async #release(): Promise<void> {
    const release = () => this.#port.run(releaseLease, [this.#key], [this.#token]);
    // What cannot be given back ends by itself.
    await persist(release, this.#ttlMs).catch(() => false);
  }
}

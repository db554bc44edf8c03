import type { Allowance, Count } from './rate-limit-algorithm.js';

// So many ids are remembered; an outage under attack must not fill the memory.
const maxIds = 10_000;

/** The same bucket as on the server, in the memory and by the clock of this process. */
export class LocalLimit {
  readonly #eachMs: number;
  readonly #wholeMs: number;
  /** When each bucket is empty; the one that changed last comes last. */
  readonly #emptyAt = new Map<string, number>();

  constructor({ limit, perMs, burst }: Allowance) {
    this.#eachMs = perMs / limit;
    this.#wholeMs = this.#eachMs * burst;
  }

  check(key: string, cost: number): Count {
    const count = this.peek(key, cost);
    if (!count.allowed) return count;
    const levelMs = this.#level(key) + this.#eachMs * cost;
    this.#remember(key, performance.now() + levelMs);
    return this.#count(levelMs, 0);
  }

  peek(key: string, cost: number): Count {
    const levelMs = this.#level(key);
    // A billionth, as on the server.
    const waitMs = levelMs + this.#eachMs * cost - this.#wholeMs * (1 + 1e-9);
    return this.#count(levelMs, Math.max(0, waitMs));
  }

  reset(key: string): void {
    this.#emptyAt.delete(key);
  }

  #level(key: string): number {
    return Math.max(0, (this.#emptyAt.get(key) ?? 0) - performance.now());
  }

  #count(levelMs: number, waitMs: number): Count {
    return {
      allowed: waitMs === 0,
      remaining: Math.max(0, Math.floor((this.#wholeMs - levelMs) / this.#eachMs + 1e-9)),
      retryAfterMs: Math.ceil(waitMs),
      resetMs: Math.ceil(levelMs),
    };
  }

  #remember(key: string, emptyAt: number): void {
    this.#emptyAt.delete(key);
    const [oldest] = this.#emptyAt.keys();
    if (this.#emptyAt.size >= maxIds && oldest !== undefined) this.#emptyAt.delete(oldest);
    this.#emptyAt.set(key, emptyAt);
  }
}

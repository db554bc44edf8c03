import { Access } from './access.js';
import { Codec, type Decoded } from './codec.js';
import type { Definition, RedisEvent, Services } from './definition.js';
import { RedisError } from './errors.js';
import { inTime } from './in-time.js';
import { Items } from './items.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import type { StandardSchema } from './schema.js';
import type { Script } from './scripts.js';
import { SharedLoads } from './shared-loads.js';
import * as scripts from './write-through-scripts.js';
import { type Fenced, newMark, parseFenced } from './write-through-scripts.js';

export interface WriteThroughContext {
  /** Aborted when it takes longer than `hardTimeoutMs`. */
  readonly signal: AbortSignal;
}

export interface WriteThroughDefinition<Id, Value> {
  /** Part of every key, such as `price`: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What tells one entry from another. Parts are encoded, so any text is safe. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * Checks values that come from Redis; one that fails counts as a miss. Values are kept as JSON.
   *
   * @default values are trusted
   */
  readonly schema?: StandardSchema<Value>;
  /** How long a value is kept, in milliseconds. */
  readonly ttlMs: number;
  /**
   * How far lifetimes are spread, as a share of them, so that entries made together do not end together.
   *
   * @default 0.1
   */
  readonly jitter?: number;
  /**
   * How long it is remembered that the source has no value, in milliseconds.
   *
   * @default 10000, or `ttlMs` if that is less
   */
  readonly negativeTtlMs?: number;
  /**
   * How long `load` and `write` may each take, in milliseconds. After that their signal is aborted; `get` rejects with
   * `redis/load-timeout`, and `save` with `redis/write-timeout`, since the source may have the value all the same.
   *
   * @default 10000
   */
  readonly hardTimeoutMs?: number;
  /**
   * The version of a value as its source counts it: a whole number below 2^53 that grows with every change, such as a row's
   * `rev` or the microseconds of its `updated_at`.
   */
  readonly version: (value: Value) => number;
  /** Writes to the source and gives the value as it is there now, with its new version. */
  readonly write: (id: Id, value: Value, context: WriteThroughContext) => Promise<Value>;
  /** Reads from the source; `null` and `undefined` mean that there is none. */
  readonly load: (id: Id, context: WriteThroughContext) => Promise<Value | null | undefined>;
}

type Rules<Id, Value> = Required<Omit<WriteThroughDefinition<Id, Value>, 'schema'>> &
  Pick<WriteThroughDefinition<Id, Value>, 'schema'>;

interface Written<Value> {
  readonly stored: Value;
  readonly version: string;
  readonly json: string;
}

/** Names values that are written to their source and to the cache in one call; throws `redis/bad-use`. */
export function writeThrough<Id, Value>(
  definition: WriteThroughDefinition<Id, Value>,
): Definition<WriteThrough<Id, Value>> {
  const { ttlMs, jitter = 0.1, negativeTtlMs = Math.min(10_000, ttlMs), hardTimeoutMs = 10_000 } = definition;
  const { name } = definition;
  checkName(name);
  for (const [option, ms] of Object.entries({ ttlMs, negativeTtlMs, hardTimeoutMs }))
    checkMs(name, option, ms);
  if (!(jitter >= 0 && jitter < 1)) throw badUse(`'${name}' needs a jitter from 0 to below 1.`);
  const rules = { ...definition, jitter, negativeTtlMs, hardTimeoutMs };
  return { name, open: (services) => new WriteThrough(services, rules) };
}

/**
 * A cache in front of a source that counts versions. A value is replaced only by one that is not older, in whichever order
 * writers, loads and invalidations arrive: a read that begins after `save` or `invalidate` has resolved never gets an older
 * value. The order is kept by one primary; a failover that loses the last writes can bring an old value back until its
 * lifetime ends.
 */
export class WriteThrough<Id, Value> {
  readonly #access: Access;
  readonly #rules: Rules<Id, Value>;
  readonly #codec: Codec<Value>;
  readonly #items: Items<Value>;
  readonly #loads = new SharedLoads<Value>();

  constructor(services: Services, rules: Rules<Id, Value>) {
    this.#access = new Access(services, rules.name);
    this.#rules = rules;
    this.#codec = new Codec(rules.schema);
    this.#items = new Items(rules.name, rules.schema);
    services.onClose(() => this.#loads.settled());
  }

  /**
   * Gives the cached value, or loads it, once for all callers of this process; `null` means that there is none. Where Redis
   * does not answer within the deadline, the source does. Rejects only with the error of `load`, which callers share, with
   * `redis/load-timeout`, or with `redis/bad-use` where the version is no whole number.
   */
  get(id: Id): Promise<Value | null> {
    const key = this.#key(id);
    return this.#access.services.guard.get(key, async (text) => {
      const fenced = parse(text);
      const hit = await this.#decode(fenced);
      if (hit !== undefined) {
        if (this.#access.services.isObserved) this.#tell('hit');
        return hit.value;
      }
      this.#tell(text === undefined ? 'unanswered' : 'miss');
      const seen = text === undefined ? undefined : fenceOf(fenced);
      return this.#loads.load(key, seen, (begins) => this.#load(id, key, begins));
    });
  }

  /**
   * Writes to the source, then to the cache, and gives the value as the source has it.
   *
   * Rejects with the error of `write`, or with `redis/write-timeout`; the cached value is then forgotten, because the source
   * may have changed all the same. Rejects with `redis/unconfirmed` where the source has the value and Redis did not confirm
   * it within `writeWithinMs`: readers may see the old one until its lifetime ends. Saving again, or `invalidate`, puts that
   * right.
   */
  async save(id: Id, value: Value): Promise<Value> {
    const key = this.#key(id);
    const mark = await this.#enter(key);
    const { stored, version, json } = await this.#write(id, key, value);
    const args = [mark, version, json, this.#spread(this.#rules.ttlMs), newMark()];
    try {
      const isKept = await this.#access.run(scripts.keepSaved, [key], args);
      this.#tell(isKept ? 'saved' : 'fenced');
    } catch (error) {
      const message = `The source has the value of '${this.#rules.name}', and Redis did not confirm it.`;
      throw new RedisError('redis/unconfirmed', message, error);
    } finally {
      this.#loads.detach(key);
    }
    return stored;
  }

  /**
   * Forgets the cached value, and whatever is being loaded or saved meanwhile is not kept; call it after the source was
   * changed past this module, or a value deleted. Rejects if Redis does not confirm within `writeWithinMs`: readers may then
   * see the old value until its lifetime ends.
   */
  async invalidate(id: Id): Promise<void> {
    const key = this.#key(id);
    try {
      await this.#access.run(scripts.invalidate, [key], [newMark(), this.#fenceMs]);
    } finally {
      this.#loads.detach(key);
    }
  }

  async #load(id: Id, key: string, begins: (mark: string | undefined) => void): Promise<Value | null> {
    const fenced = parse(await this.#ask(key, scripts.open, [newMark(), this.#fenceMs]));
    const found = await this.#decode(fenced);
    if (found !== undefined) return found.value;
    begins(fenceOf(fenced) ?? undefined);
    const start = performance.now();
    const { name, hardTimeoutMs, load } = this.#rules;
    const timeout = () =>
      new RedisError('redis/load-timeout', `The load of '${name}' took longer than ${hardTimeoutMs} ms.`);
    const value = (await inTime((signal) => load(id, { signal }), hardTimeoutMs, timeout)) ?? null;
    this.#tell('load', { ms: performance.now() - start });
    await this.#keepLoaded(key, fenced?.mark, value);
    return value;
  }

  async #keepLoaded(key: string, mark: string | undefined, value: Value | null): Promise<void> {
    const { ttlMs, negativeTtlMs } = this.#rules;
    const version = value === null ? '-' : this.#versionOf(value);
    // Without a mark nobody could say whether the value is still the newest.
    if (mark === undefined) return;
    const ms = this.#spread(value === null ? negativeTtlMs : ttlMs);
    const args = [mark, version, value === null ? 'null' : this.#items.encode(value), ms];
    if ((await this.#ask(key, scripts.keepLoaded, args)) === false) this.#tell('fenced');
  }

  /** The mark to save under; without an answer an empty one, which fits none. */
  async #enter(key: string): Promise<string> {
    return (await this.#ask(key, scripts.enter, [newMark(), this.#fenceMs])) ?? '';
  }

  /** Whatever goes wrong once the source was asked, it may have changed: then nothing old may stay. */
  async #write(id: Id, key: string, value: Value): Promise<Written<Value>> {
    const { name, hardTimeoutMs, write } = this.#rules;
    const timeout = () =>
      new RedisError('redis/write-timeout', `The write of '${name}' took longer than ${hardTimeoutMs} ms.`);
    let isOver = false;
    const writing = async (signal: AbortSignal): Promise<Value> => {
      try {
        return await write(id, value, { signal });
      } finally {
        // Later than anybody waited for it, and readers may have loaded the old value since.
        if (isOver) await this.#forget(key);
      }
    };
    try {
      const stored = await inTime(writing, hardTimeoutMs, timeout);
      return { stored, version: this.#versionOf(stored), json: this.#items.encode(stored) };
    } catch (error) {
      isOver = true;
      await this.#forget(key);
      throw error;
    }
  }

  async #forget(key: string): Promise<void> {
    const isForgotten = await this.#ask(key, scripts.invalidate, [newMark(), this.#fenceMs]);
    if (isForgotten === undefined) this.#tell('unanswered');
    this.#loads.detach(key);
  }

  /** Asks under the deadline of caches; undefined where Redis does not answer in time, or refuses. */
  #ask<Reply>(key: string, script: Script<Reply>, args: readonly string[]): Promise<Reply | undefined> {
    const { guard, port } = this.#access.services;
    return guard.run(key, () => port.run(script, [key], args)).catch(() => undefined);
  }

  #decode(fenced: Fenced | undefined): Decoded<Value> | Promise<Decoded<Value>> {
    return fenced === undefined || fenced.json === '' ? undefined : this.#codec.decode(fenced.json);
  }

  #versionOf(value: Value): string {
    const { name, version } = this.#rules;
    const number = value === undefined || value === null ? undefined : version(value);
    if (typeof number === 'number' && Number.isSafeInteger(number)) return String(number);
    throw badUse(`'${name}' needs a whole number below 2^53 as version, and got ${String(number)}.`);
  }

  #spread(ms: number): string {
    return String(Math.max(1, Math.round(ms * (1 + this.#rules.jitter * (Math.random() * 2 - 1)))));
  }

  /** Longer than any load or write that could still bring an old value. */
  get #fenceMs(): string {
    return String(Math.ceil(this.#rules.hardTimeoutMs + 10_000));
  }

  #key(id: Id): string {
    return this.#access.key(this.#rules.key(id));
  }

  #tell(what: string, more: Pick<RedisEvent, 'ms'> = {}): void {
    this.#access.services.observe({ name: this.#rules.name, what, ...more });
  }
}

/** What changes whenever somebody changes the value. */
const fenceOf = (fenced: Fenced | undefined): string | null =>
  fenced === undefined ? null : `${fenced.mark} ${fenced.version}`;

const parse = (text: string | null | undefined): Fenced | undefined =>
  typeof text === 'string' ? parseFenced(text) : undefined;

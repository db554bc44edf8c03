import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAccepted } from './accepted-items.js';
import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { inTime } from './in-time.js';
import { Items } from './items.js';
import { badUse, encodeId } from './names.js';
import { persist } from './retry.js';
import { releaseLease } from './scripts.js';
import { SharedLoads } from './shared-loads.js';
import { slotOf } from './slot.js';
import { entriesOf } from './stream-scripts.js';
import type { Worker } from './workers.js';
import {
  completeWriteBehind,
  type WriteBehindDefinition,
  type WriteBehindRules,
} from './write-behind-definition.js';
import type { Shard, WriteBehindChange } from './write-behind-flusher.js';
import * as scripts from './write-behind-scripts.js';
import { startFlushing } from './write-behind-worker.js';
import { ChangeWriter, type Place } from './write-behind-writer.js';

export type { Worker } from './workers.js';
export type { WriteBehindDefinition } from './write-behind-definition.js';
export type { WriteBehindChange, WriteBehindContext, WriteBehindFlush } from './write-behind-flusher.js';

/** A change that was given up. */
export interface DeadChange<Value> extends WriteBehindChange<Value> {
  /** Names it among the dead ones. */
  readonly id: string;
  /** True where it is not what the schema describes; its value then reads as `null`. */
  readonly isUnreadable: boolean;
  /** The message of the last error. */
  readonly reason: string;
}

/** Names values that are written to Redis at once and to their source a little later, in batches; throws `redis/bad-use`. */
export function writeBehind<Id, Value>(
  definition: WriteBehindDefinition<Id, Value>,
): Definition<WriteBehind<Id, Value>> {
  const rules = completeWriteBehind(definition);
  return { name: rules.name, mustStay: 'lasting', open: (services) => new WriteBehind(services, rules) };
}

/**
 * Redis has the truth until the source has caught up: what was put is read from Redis, and reaches the source at least once,
 * and in the end with the last version of every key. It is as durable as the writes of the stack are: use an append-only
 * file, replicas that must confirm (`min-replicas-to-write`), and `replicas` here. Versions come from the clocks of the
 * servers, which must not lie further apart than a failover takes.
 */
export class WriteBehind<Id, Value> {
  readonly #access: Access;
  readonly #rules: WriteBehindRules<Id, Value>;
  readonly #items: Items<Value>;
  readonly #shards: readonly Shard[];
  readonly #loads = new SharedLoads<Value>();
  readonly #writer: ChangeWriter;
  #isReady = false;

  constructor(services: Services, rules: WriteBehindRules<Id, Value>) {
    this.#access = new Access(services, rules.name);
    this.#rules = rules;
    this.#items = new Items(rules.name, rules.schema);
    this.#shards = scripts.shardTags(rules.name, rules.shards).map((tag) => shardOf(services.keyPrefix, tag));
    this.#writer = new ChangeWriter(services, rules.replicas);
    services.onClose(() => this.#loads.settled());
  }

  /**
   * Keeps the value and notes that the source has to be told, in one step; resolves with its version when Redis has both.
   * Repeats itself through an outage, each time as a new change; rejects with `redis/deadline` after `writeWithinMs`, and
   * then the value may have been put.
   */
  async put(id: Id, value: Value): Promise<number> {
    return this.#change(id, await encodeAccepted(this.#items, this.#rules, value));
  }

  /** Takes the value away, here at once and from the source a little later; rejects like `put`. */
  async remove(id: Id): Promise<number> {
    return this.#change(id, '');
  }

  /**
   * The latest value, also one that the source does not have yet; `load` is asked where Redis has none, once for all callers
   * of this process. `null` means that there is none. Without Redis the source may be behind, so this rejects with
   * `redis/deadline` after `writeWithinMs`; it rejects with the error of `load`, or `redis/load-timeout`.
   */
  async get(id: Id): Promise<Value | null> {
    const { services } = this.#access;
    const { value: key } = this.#place(id);
    if (!this.#isReady) await this.#prepare();
    const text = await persist(() => services.port.get(key), services.writeWithinMs);
    const value = await this.#read(text);
    if (value !== undefined) return value;
    const { load } = this.#rules;
    if (load === undefined) return null;
    return this.#loads.load(key, text, (begins) => this.#load(id, key, begins));
  }

  /**
   * Begins to tell the source, until the worker is stopped or the connection closes; run it in as many processes as you like.
   * A worker that is stopped ends after the calls of `flush` in hand, which are not aborted; one whose connection closes
   * first flushes what waits, within `drainMs` of `close`. What then is left stays in Redis for the next worker.
   */
  start(): Worker {
    const { services } = this.#access;
    const { ttlMs, negativeTtlMs } = this.#rules;
    const tally = { taken: 0 };
    const lifetimeMs = (isRemoved: boolean) => this.#spread(isRemoved ? negativeTtlMs : ttlMs);
    const options = { ...this.#rules, access: this.#access, items: this.#items, lifetimeMs, tally };
    return startFlushing(services, this.#shards, options, () => this.#prepare());
  }

  /** How many changes the source has not confirmed, without those that were given up. */
  async pending(): Promise<number> {
    await this.#prepare();
    const lengths = await Promise.all(this.#shards.map(({ log }) => this.#access.call(log, ['XLEN', log])));
    return lengths.reduce<number>((sum, length) => sum + Number(length), 0);
  }

  /** Waits until the source has confirmed everything; rejects with `redis/deadline` after `withinMs` milliseconds. */
  async drained(withinMs = 30_000): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      const left = await this.pending();
      if (left === 0) return;
      if (performance.now() > end)
        throw new RedisError('redis/deadline', `${left} changes of '${this.#rules.name}' are on their way.`);
      await sleep(Math.min(50, withinMs / 10));
    }
  }

  /** Changes that were given up, up to `count` from each shard; `get` still gives their values. */
  async dead(count = 100): Promise<DeadChange<Value>[]> {
    const found = await Promise.all(
      this.#shards.map(async ({ dead }, shard) => {
        const reply = await this.#access.call(dead, ['XRANGE', dead, '-', '+', 'COUNT', String(count)]);
        return entriesOf(reply).map((entry) => ({ ...entry, id: `${shard}/${entry.id}` }));
      }),
    );
    return Promise.all(
      found.flat().map(async ({ id, fields }) => {
        const value = await this.#read(`0 ${fields.get('value') ?? ''}`);
        return {
          id,
          key: JSON.parse(fields.get('key') ?? '[]') as string[],
          value: value ?? null,
          version: Number(fields.get('version')),
          isUnreadable: value === undefined,
          reason: fields.get('reason') ?? '',
        };
      }),
    );
  }

  /** Has dead changes tried once more, as if they never had been, except where a later change of the key is there. */
  async revive(changes: readonly DeadChange<Value>[]): Promise<number> {
    return this.#eachDead(changes, ({ log, dead }, value, id) =>
      this.#access.run(scripts.revive, [log, dead, value], [id]),
    );
  }

  /** Deletes dead changes for good, and their values, which the source never took, with them. */
  async discard(changes: readonly DeadChange<Value>[]): Promise<number> {
    return this.#eachDead(changes, ({ dead }, value, id, { version }) =>
      this.#access.run(scripts.discard, [dead, value], [id, String(version)]),
    );
  }

  async #eachDead(
    changes: readonly DeadChange<Value>[],
    act: (shard: Shard, value: string, id: string, change: DeadChange<Value>) => Promise<boolean>,
  ): Promise<number> {
    const done = await Promise.all(
      changes.map((change) => {
        const { shard, value } = this.#placeOf(change.key);
        return act(shard, value, change.id.slice(change.id.indexOf('/') + 1), change);
      }),
    );
    return done.filter(Boolean).length;
  }

  async #change(id: Id, json: string): Promise<number> {
    const place = this.#place(id);
    if (!this.#isReady) await this.#prepare();
    const version = await this.#writer.write(place, json);
    this.#loads.detach(place.value);
    return version;
  }

  async #load(id: Id, key: string, begins: (mark: string | undefined) => void): Promise<Value | null> {
    const { name, hardTimeoutMs, load } = this.#rules;
    const own = `?${randomBytes(9).toString('base64url')}`;
    const text = await this.#access.run(
      scripts.open,
      [key],
      [own, String(Math.ceil(hardTimeoutMs + 10_000))],
    );
    const value = await this.#read(text);
    if (value !== undefined) return value;
    begins(text);
    const timeout = () =>
      new RedisError('redis/load-timeout', `The load of '${name}' took longer than ${hardTimeoutMs} ms.`);
    try {
      const loaded = (await inTime((signal) => load?.(id, { signal }), hardTimeoutMs, timeout)) ?? null;
      // Somebody else has the right to keep it.
      if (text === own) await this.#keepLoaded(key, own, loaded);
      return loaded;
    } catch (error) {
      const { guard, port } = this.#access.services;
      await guard.run(key, () => port.run(releaseLease, [key], [own])).catch(() => false);
      throw error;
    }
  }

  async #keepLoaded(key: string, mark: string, value: Value | null): Promise<void> {
    const { guard, port } = this.#access.services;
    const { ttlMs, negativeTtlMs } = this.#rules;
    const json = value === null ? '' : this.#items.encode(value);
    const ms = String(this.#spread(value === null ? negativeTtlMs : ttlMs));
    await guard.run(key, () => port.run(scripts.keepLoaded, [key], [mark, json, ms])).catch(() => false);
  }

  /** The value of a text, `null` where it was removed; undefined where there is none, or none that can be read. */
  async #read(text: string | null): Promise<Value | null | undefined> {
    const held = text === null ? undefined : scripts.parseHeld(text);
    if (held?.kind !== 'value') return undefined;
    return held.json === '' ? null : this.#items.decode(held.json);
  }

  /** Before the first use: nothing may be dropped, and all who use it must look in the same places. */
  async #prepare(): Promise<void> {
    if (this.#isReady) return;
    const { services } = this.#access;
    const { name, shards } = this.#rules;
    const expected = () => expectNoEviction(services, `Changes of '${name}'`, 'lasting');
    await persist(expected, services.writeWithinMs);
    const key = `${services.keyPrefix}{${name}/}:shards`;
    const agreed = await this.#access.run(scripts.agree, [key], [String(shards)]);
    if (agreed !== String(shards))
      throw badUse(
        `'${name}' has ${agreed} shards in Redis and not ${shards}; to change that, drain it and delete the key ${key}.`,
      );
    this.#isReady = true;
  }

  #spread(ms: number): number {
    return Math.max(1, Math.round(ms * (1 + this.#rules.jitter * (Math.random() * 2 - 1))));
  }

  #place(id: Id): Place {
    return this.#placeOf(this.#rules.key(id).map(String));
  }

  #placeOf(parts: readonly string[]): Place {
    const shard = this.#shards[slotOf(encodeId(parts)) % this.#shards.length];
    if (shard === undefined) throw badUse(`'${this.#rules.name}' has no shards.`);
    return { shard, value: shard.value(parts), parts };
  }
}

/** All keys of a shard are in one slot. */
function shardOf(prefix: string, tag: string): Shard {
  const key = (what: string) => `${prefix}{${tag}}:${what}`;
  const value = (parts: readonly string[]) => key(`value:${encodeId(parts)}`);
  return { log: key('log'), dead: key('dead'), clock: key('clock'), value };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { badUse, checkMs, checkName, encodeId, type KeyPart } from './names.js';
import type { RedisPort } from './port.js';
import { persist } from './retry.js';
import type { StandardSchema } from './schema.js';
import { script } from './scripts.js';
import { slotOf } from './slot.js';
import { entriesOf, GroupReader, type RawEntry } from './streams.js';
import { startWorker, type Turn, type Worker } from './workers.js';

/** A value on its way to the source. */
export interface Change<Value> {
  /** The parts of its key, as texts. */
  readonly key: readonly string[];
  readonly value: Value;
  /** Grows with every change of this key: write only where the source has a lower one. */
  readonly version: number;
}

export interface WriteBehindDefinition<Id, Value> {
  readonly name: string;
  readonly key: (id: Id) => readonly KeyPart[];
  readonly schema?: StandardSchema<Value>;
  /** How long a value is kept after it has reached the source, in milliseconds; before that it does not end. */
  readonly ttlMs: number;
  /**
   * Writes changes to the source, each key once and with its latest value. Called again with the same changes when it
   * rejects or its process dies, so it must bear that: update where the version there is lower.
   */
  readonly flush: (changes: readonly Change<Value>[], signal: AbortSignal) => Promise<unknown>;
  /**
   * How many streams the changes are spread over, so that a cluster shares the work. Fixed once values are there.
   *
   * @default 8
   */
  readonly shards?: number;
  /**
   * How many changes are taken from a stream at a time.
   *
   * @default 200
   */
  readonly batch?: number;
  /**
   * How long a change may wait for others, in milliseconds.
   *
   * @default 100
   */
  readonly maxDelayMs?: number;
  /**
   * How often a change is tried before it goes to the dead ones.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
  /**
   * How long a worker may be silent before its changes are given to others, in milliseconds; longer than a flush takes.
   *
   * @default 30000
   */
  readonly silentMs?: number;
}

/** KEYS: value, log. ARGV: json, key parts. The value and the word of it are one step. Gives the version. */
const put = script<number>(
  `local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
local before = redis.call('GET', KEYS[1])
if before then version = math.max(version, tonumber(string.match(before, '^%d+')) + 1) end
local text = string.format('%.0f', version)
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[1])
redis.call('XADD', KEYS[2], '*', 'key', ARGV[2], 'version', text, 'value', ARGV[1])
return text`,
  Number,
);

/** KEYS: value. ARGV: json, lifetime. Keeps what was loaded, unless there is something by now. */
const keepLoaded = script<boolean>(
  `return redis.call('SET', KEYS[1], '0 ' .. ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`,
  Boolean,
);

/** KEYS: log, values. ARGV: group, lifetime, how many ids, ids, versions of the values. */
const settle = script<number>(
  `local ids = tonumber(ARGV[3])
for i = 4, 3 + ids do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  redis.call('XDEL', KEYS[1], ARGV[i])
end
for i = 2, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value and string.match(value, '^%d+') == ARGV[2 + ids + i] then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return ids`,
  Number,
);

const group = 'flush';

/** Values that are written to Redis at once and to their source a little later, in batches. */
export function writeBehind<Id, Value>(
  definition: WriteBehindDefinition<Id, Value>,
): Definition<WriteBehind<Id, Value>> {
  const { name, ttlMs, shards = 8, maxDelayMs = 100, silentMs = 30_000 } = definition;
  checkName(name);
  for (const [option, ms] of Object.entries({ ttlMs, maxDelayMs, silentMs })) checkMs(name, option, ms);
  if (!(Number.isInteger(shards) && shards >= 1 && shards <= 1024))
    throw badUse(`'${name}' needs 1 to 1024 shards.`);
  return { name, open: (services) => new WriteBehind(services, definition) };
}

/**
 * Redis has the truth until the source has caught up, so its durability is that of the writes: use `noeviction`, an
 * append-only file and replicas that must confirm.
 */
export class WriteBehind<Id, Value> {
  readonly #access: Access;
  readonly #definition: WriteBehindDefinition<Id, Value>;
  readonly #codec: Codec<Value>;

  constructor(services: Services, definition: WriteBehindDefinition<Id, Value>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Stores the value and notes that the source has to be told; resolves with the version when Redis has both. */
  async put(id: Id, value: Value): Promise<number> {
    await this.#expectKept();
    const parts = this.#definition.key(id).map(String);
    const keys = this.#keys(parts);
    return this.#access.run(put, [keys.value, keys.log], [this.#codec.encode(value), JSON.stringify(parts)]);
  }

  /** The latest value, also one that the source does not have yet; `load` asks the source where Redis has none. */
  async get(id: Id, load: () => Promise<Value | null | undefined>): Promise<Value | null> {
    const { services } = this.#access;
    const keys = this.#keys(this.#definition.key(id).map(String));
    // Without Redis the source may be behind: an old answer would be wrong, so this waits and then rejects.
    const text = await persist(() => services.port.get(keys.value), services.writeWithinMs);
    const json = text === null ? undefined : text.slice(text.indexOf(' ') + 1);
    const decoded = json === undefined ? undefined : await this.#codec.decode(json);
    if (decoded) return decoded.value;
    const value = (await load()) ?? null;
    if (value !== null && text === null)
      await this.#access.run(
        keepLoaded,
        [keys.value],
        [this.#codec.encode(value), String(this.#definition.ttlMs)],
      );
    return value;
  }

  /** Begins to tell the source, until it is stopped or the connection closes; run it in as many processes as you like. */
  start(): Worker {
    const { batch = 200, maxDeliveries = 5, silentMs = 30_000, maxDelayMs = 100, name } = this.#definition;
    const readers = this.#shardNames.map((shard) => {
      const { log, dead } = this.#shardKeys(shard);
      return new GroupReader({ key: log, dead, group, batch, maxDeliveries, silentMs, waits: false });
    });
    return startWorker(this.#access.services, name, async (turn) => {
      await this.#expectKept();
      const batches = await Promise.all(readers.map((reader) => reader.next(turn)));
      if (batches.every((entries) => entries.length === 0)) {
        await sleep(maxDelayMs, undefined, { signal: turn.signal }).catch(() => {});
        return;
      }
      await this.#flush(batches, turn);
      for (const reader of readers) reader.settled();
    });
  }

  /** How many changes the source has not confirmed. */
  async pending(): Promise<number> {
    const lengths = await Promise.all(
      this.#shardNames.map((shard) => {
        const { log } = this.#shardKeys(shard);
        return this.#access.call(log, ['XLEN', log]);
      }),
    );
    return lengths.reduce<number>((sum, length) => sum + Number(length), 0);
  }

  /** Waits until the source has confirmed everything, such as before a shutdown; rejects with `redis/deadline`. */
  async drained(withinMs = 30_000): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      const left = await this.pending();
      if (left === 0) return;
      if (performance.now() > end)
        throw new RedisError(
          'redis/deadline',
          `${left} changes of '${this.#definition.name}' are still on their way.`,
        );
      await sleep(50);
    }
  }

  /** Changes that were given up. */
  async dead(): Promise<Change<Value>[]> {
    const found = await Promise.all(
      this.#shardNames.map((shard) => {
        const { dead } = this.#shardKeys(shard);
        return this.#access.call(dead, ['XRANGE', dead, '-', '+', 'COUNT', '1000']);
      }),
    );
    const changes = await Promise.all(found.flatMap(entriesOf).map((entry) => this.#change(entry)));
    return changes.filter((change) => change !== undefined);
  }

  async #flush(batches: readonly (readonly RawEntry[])[], { port, signal }: Turn): Promise<void> {
    const latest = new Map<string, Change<Value>>();
    for (const entry of batches.flat()) {
      const change = await this.#change(entry);
      if (change === undefined) continue;
      const id = encodeId(change.key);
      if ((latest.get(id)?.version ?? 0) < change.version) latest.set(id, change);
    }
    if (latest.size > 0) await this.#definition.flush([...latest.values()], signal);
    await Promise.all(
      batches.map((entries, i) => this.#settle(port, this.#shardNames[i] ?? '', entries, latest)),
    );
  }

  /** Removes the word of what the source has, and lets values end that have not changed since. */
  async #settle(
    port: RedisPort,
    shard: string,
    entries: readonly RawEntry[],
    latest: ReadonlyMap<string, Change<Value>>,
  ): Promise<void> {
    if (entries.length === 0) return;
    const { log } = this.#shardKeys(shard);
    const ids = entries.map(([id]) => id);
    const flushed = [...latest.values()].map(({ key, version }) => ({ keys: this.#keys(key), version }));
    const own = flushed.filter(({ keys }) => keys.log === log);
    const args = [group, String(this.#definition.ttlMs), String(ids.length), ...ids];
    await port.run(
      settle,
      [log, ...own.map(({ keys }) => keys.value)],
      [...args, ...own.map(({ version }) => String(version))],
    );
  }

  async #change([, fields]: RawEntry): Promise<Change<Value> | undefined> {
    const decoded = await this.#codec.decode(fields.get('value') ?? '');
    if (decoded === undefined || decoded.value === null) return undefined;
    const key = JSON.parse(fields.get('key') ?? '[]') as string[];
    return { key, value: decoded.value, version: Number(fields.get('version')) };
  }

  /** The value and its log are in one slot. */
  #keys(parts: readonly string[]) {
    const id = encodeId(parts);
    const shard = this.#shardNames[slotOf(id) % this.#shardNames.length] ?? '';
    return { value: `${this.#prefix(shard)}:value:${id}`, ...this.#shardKeys(shard) };
  }

  #shardKeys(shard: string) {
    return { log: `${this.#prefix(shard)}:log`, dead: `${this.#prefix(shard)}:dead` };
  }

  #prefix(shard: string): string {
    return `${this.#access.services.keyPrefix}{${shard}}`;
  }

  get #shardNames(): readonly string[] {
    const { name, shards = 8 } = this.#definition;
    return Array.from({ length: shards }, (_, i) => `${name}-${i}`);
  }

  #expectKept(): Promise<void> {
    return expectNoEviction(this.#access.services, `Changes of '${this.#definition.name}'`, 'lasting');
  }
}

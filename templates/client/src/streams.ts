import { randomUUID } from 'node:crypto';
import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { checkMs, checkName } from './names.js';
import type { RedisPort } from './port.js';
import { pairsOf, textOf } from './replies.js';
import type { StandardSchema } from './schema.js';
import { script } from './scripts.js';
import { startWorker, type Turn, type Worker, waitSeconds } from './workers.js';

export interface StreamDefinition<Item> {
  readonly name: string;
  readonly schema?: StandardSchema<Item>;
  /**
   * How many entries are kept for replay, at least; entries that a group still has to see are kept beyond it.
   *
   * @default 10000
   */
  readonly keep?: number;
}

export interface Entry<Item> {
  /** Grows along the stream: milliseconds of the server's clock, and a number. */
  readonly id: string;
  readonly item: Item;
}

export interface ConsumeOptions {
  /**
   * How many entries are handed over at a time.
   *
   * @default 100
   */
  readonly batch?: number;
  /**
   * How long a consumer may be silent before its entries are given to others, in milliseconds; longer than a batch takes.
   *
   * @default 30000
   */
  readonly silentMs?: number;
  /**
   * How often an entry is handed over before it goes to the dead ones.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
  /**
   * Where a new group begins.
   *
   * @default 'start'
   */
  readonly from?: 'start' | 'now';
}

/** Entries as they are read: id and fields. */
export type RawEntry = readonly [id: string, fields: ReadonlyMap<string, string>];

/** XREAD, XREADGROUP and XAUTOCLAIM give entries as lists in both protocols. */
export function entriesOf(reply: unknown): RawEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply
    .filter((entry): entry is [unknown, unknown] => Array.isArray(entry) && entry[1] !== null)
    .map(([id, fields]) => [String(id), new Map(pairsOf(fields).map(([k, v]) => [k, String(v)]))]);
}

/**
 * KEYS: stream, dead entries. ARGV: group, most deliveries, ids. Gives the ids that go on; the others are moved to the dead
 * ones and acknowledged in the same step.
 */
export const sortOut = script<string[]>(
  `local alive = {}
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if pending and pending[4] > tonumber(ARGV[2]) then
    local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
    if entry then redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', unpack(entry[2])) end
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  else
    alive[#alive + 1] = ARGV[i]
  end
end
return alive`,
  (reply) => (reply as unknown[]).map(String),
);

/** KEYS: stream. ARGV: how many to keep. Never removes what a group has not acknowledged or not read. */
export const trim = script<number>(
  `local length = redis.call('XLEN', KEYS[1])
if length <= tonumber(ARGV[1]) then return 0 end
local lowest
local function lower(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if not lowest or tonumber(ms) < lowest[1] or (tonumber(ms) == lowest[1] and tonumber(seq) < lowest[2]) then
    lowest = {tonumber(ms), tonumber(seq), id}
  end
end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local facts = {}
  for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
  lower(facts['last-delivered-id'])
  local pending = redis.call('XPENDING', KEYS[1], facts['name'])
  if pending[1] > 0 then lower(pending[2]) end
end
if not lowest then return redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1]) end
local edge = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[1])
local keep = edge[#edge][1]
local ms, seq = string.match(keep, '^(%d+)-(%d+)$')
if tonumber(ms) > lowest[1] or (tonumber(ms) == lowest[1] and tonumber(seq) > lowest[2]) then keep = lowest[3] end
return redis.call('XTRIM', KEYS[1], 'MINID', keep)`,
  Number,
);

/** An append-only log that several groups of consumers read, each at its own pace. */
export function stream<Item>(definition: StreamDefinition<Item>): Definition<Stream<Item>> {
  checkName(definition.name);
  return { name: definition.name, open: (services) => new Stream(services, definition) };
}

/** Each entry reaches each group at least once; after a crash possibly again, and then to another consumer. */
export class Stream<Item> {
  readonly #access: Access;
  readonly #definition: StreamDefinition<Item>;
  readonly #codec: Codec<Item>;

  constructor(services: Services, definition: StreamDefinition<Item>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Appends an item and gives its id; a lost answer can append it twice. */
  async add(item: Item): Promise<string> {
    await this.#expectKept();
    const key = this.#key;
    return String(await this.#access.call(key, ['XADD', key, '*', 'item', this.#codec.encode(item)]));
  }

  /** Entries from one id to another, both included, oldest first: the past, without any group. */
  async replay(from = '-', to = '+', count = 1000): Promise<Entry<Item>[]> {
    const key = this.#key;
    const reply = await this.#access.call(key, ['XRANGE', key, from, to, 'COUNT', String(count)]);
    return this.#decode(entriesOf(reply));
  }

  /**
   * Has `handle` called with batches of entries, as one consumer of a group; start it in several processes to share the
   * work. Entries are acknowledged when `handle` resolves; when it rejects they are handed over again, to the dead ones
   * after `maxDeliveries`.
   */
  consume(
    group: string,
    handle: (entries: readonly Entry<Item>[], signal: AbortSignal) => Promise<unknown>,
    options: ConsumeOptions = {},
  ): Worker {
    checkName(group);
    if (options.silentMs !== undefined) checkMs(this.#definition.name, 'silentMs', options.silentMs);
    const { services } = this.#access;
    const reader = new GroupReader({ key: this.#key, dead: this.#dead, group, ...options });
    return startWorker(services, this.#definition.name, async (turn) => {
      await this.#expectKept();
      const batch = await reader.next(turn);
      if (batch.length === 0) return;
      try {
        await handle(await this.#decode(batch), turn.signal);
        await reader.acknowledge(turn.port, batch);
      } catch {
        // They stay with this consumer, and are handed over again.
        services.observe({ name: this.#definition.name, what: 'handler-failed' });
      }
      await turn.port.run(trim, [this.#key], [String(this.#definition.keep ?? 10_000)]);
    });
  }

  /** Entries that were given up. */
  async dead(count = 100): Promise<Entry<Item>[]> {
    const reply = await this.#access.call(this.#dead, [
      'XRANGE',
      this.#dead,
      '-',
      '+',
      'COUNT',
      String(count),
    ]);
    return this.#decode(entriesOf(reply));
  }

  async #decode(entries: readonly RawEntry[]): Promise<Entry<Item>[]> {
    const decoded = await Promise.all(
      entries.map(async ([id, fields]) => ({
        id,
        item: (await this.#codec.decode(fields.get('item') ?? ''))?.value,
      })),
    );
    return decoded.filter((entry): entry is Entry<Item> => entry.item !== undefined && entry.item !== null);
  }

  #expectKept(): Promise<void> {
    return expectNoEviction(this.#access.services, `Entries of '${this.#definition.name}'`, 'lasting');
  }

  get #key(): string {
    return this.#access.shared('log');
  }
  get #dead(): string {
    return this.#access.shared('dead');
  }
}

export interface GroupReaderOptions extends ConsumeOptions {
  readonly key: string;
  readonly dead: string;
  readonly group: string;
  /**
   * Whether to wait a second on the server for something new.
   *
   * @default true
   */
  readonly waits?: boolean;
}

/** Reads as one consumer of a group: first what it failed with before, then what dead ones left, then what is new. */
export class GroupReader {
  readonly #options: GroupReaderOptions;
  readonly #consumer = randomUUID();
  #isGroupMade = false;
  #hasFailed = false;
  #isRetrying = false;
  #claimAt = 0;
  #cursor = '0-0';

  constructor(options: GroupReaderOptions) {
    this.#options = options;
  }

  /** The next batch; empty where nothing came within a second. */
  async next({ port }: Turn): Promise<RawEntry[]> {
    try {
      if (!this.#isGroupMade) await this.#makeGroup(port);
      if (this.#hasFailed) {
        const own = await this.#sorted(port, await this.#read(port, '0'));
        this.#isRetrying = own.length > 0;
        if (own.length > 0) return own;
        this.#hasFailed = false;
      }
      const left = await this.#claim(port);
      if (left.length > 0) return left;
      const fresh = await this.#read(port, '>');
      this.#isRetrying = false;
      this.#hasFailed = fresh.length > 0;
      return fresh;
    } catch (error) {
      // A failover can lose the group: it is made again, and what was read since is read again.
      if (isNoGroup(error)) this.#isGroupMade = false;
      throw error;
    }
  }

  async acknowledge(port: RedisPort, batch: readonly RawEntry[]): Promise<void> {
    const { key, group } = this.#options;
    await port.call(key, ['XACK', key, group, ...batch.map(([id]) => id)]);
    this.settled();
  }

  /** The last batch is done: what was failing before it is still looked for. */
  settled(): void {
    if (!this.#isRetrying) this.#hasFailed = false;
  }

  async #makeGroup(port: RedisPort): Promise<void> {
    const { key, group, from = 'start' } = this.#options;
    try {
      await port.call(key, ['XGROUP', 'CREATE', key, group, from === 'start' ? '0' : '$', 'MKSTREAM']);
    } catch (error) {
      if (!(error instanceof RedisError && String(error.message).includes('BUSYGROUP'))) throw error;
    }
    this.#isGroupMade = true;
  }

  async #read(port: RedisPort, from: '0' | '>'): Promise<RawEntry[]> {
    const { key, group, batch = 100, waits = true } = this.#options;
    // What has failed together is tried one by one, so that one bad entry does not take the others along.
    const count = from === '>' ? batch : 1;
    const head = ['XREADGROUP', 'GROUP', group, this.#consumer, 'COUNT', String(count)] as const;
    const wait = from === '>' && waits ? ['BLOCK', String(waitSeconds * 1000)] : [];
    const reply = await port.call(key, [...head, ...wait, 'STREAMS', key, from]);
    return pairsOf(reply).flatMap(([, entries]) => entriesOf(entries));
  }

  /** What consumers left that have been silent; asked for now and then, since it walks through all that is pending. */
  async #claim(port: RedisPort): Promise<RawEntry[]> {
    const { key, group, batch = 100, silentMs = 30_000 } = this.#options;
    if (performance.now() < this.#claimAt) return [];
    const words = ['XAUTOCLAIM', key, group, this.#consumer, String(silentMs), this.#cursor] as const;
    const reply = (await port.call(key, [...words, 'COUNT', String(batch)])) as unknown[];
    this.#cursor = textOf(reply[0]) ?? '0-0';
    const found = entriesOf(reply[1]);
    if (found.length === 0 && this.#cursor === '0-0') this.#claimAt = performance.now() + silentMs / 4;
    if (found.length > 0) this.#hasFailed = true;
    return this.#sorted(port, found);
  }

  /** Without those that were handed over too often. */
  async #sorted(port: RedisPort, entries: readonly RawEntry[]): Promise<RawEntry[]> {
    if (entries.length === 0) return [];
    const { key, dead, group, maxDeliveries = 5 } = this.#options;
    const ids = entries.map(([id]) => id);
    const alive = new Set(await port.run(sortOut, [key, dead], [group, String(maxDeliveries), ...ids]));
    return entries.filter(([id]) => alive.has(id));
  }
}

function isNoGroup(error: unknown): boolean {
  return error instanceof RedisError && error.message.includes('NOGROUP');
}

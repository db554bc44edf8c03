import { randomUUID } from 'node:crypto';
import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import { textOf, textsOf } from './replies.js';
import type { StandardSchema } from './schema.js';
import { isOne, script } from './scripts.js';
import { startWorker, type Turn, type Worker, waitSeconds } from './workers.js';

export interface QueueDefinition<Item> {
  readonly name: string;
  /** Checks items that are taken; others go to the dead ones. */
  readonly schema?: StandardSchema<Item>;
  /**
   * How long a worker may be silent before its items are given to others, in milliseconds; it says that it is alive while
   * it works.
   *
   * @default 30000
   */
  readonly silentMs?: number;
}

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS: waiting, taken by the worker, workers. ARGV: worker. Gives an item whose handing over got lost, or the one that has
 * waited longest.
 */
const take = script<string | null>(
  `${now}
redis.call('ZADD', KEYS[3], now, ARGV[1])
local mine = redis.call('LINDEX', KEYS[2], 0)
if mine then return mine end
return redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT')`,
  textOf,
);

/** KEYS: workers. ARGV: worker. */
const beat = script<boolean>(
  `${now}
redis.call('ZADD', KEYS[1], now, ARGV[1])
return 1`,
  isOne,
);

/** KEYS: workers. ARGV: milliseconds. Gives the workers that have been silent for longer. */
const silent = script<string[]>(
  `${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])`,
  textsOf,
);

/** KEYS: taken by the worker, waiting, workers. ARGV: worker. Gives back what a worker had, in its order. */
const giveBack = script<number>(
  `local count = 0
while redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') do count = count + 1 end
redis.call('ZREM', KEYS[3], ARGV[1])
return count`,
  Number,
);

/** KEYS: later, waiting. ARGV: how many at most. */
const promote = script<number>(
  `${now}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, item in ipairs(due) do
  redis.call('ZREM', KEYS[1], item)
  redis.call('LPUSH', KEYS[2], string.match(item, '^[^ ]+ (.*)$'))
end
return #due`,
  Number,
);

/** KEYS: later. ARGV: item, milliseconds from now. */
const later = script<boolean>(
  `${now}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
return 1`,
  isOne,
);

/** First in, first out, also later, and with workers that lose nothing when they die. */
export function queue<Item>(definition: QueueDefinition<Item>): Definition<Queue<Item>> {
  checkName(definition.name);
  if (definition.silentMs !== undefined) checkMs(definition.name, 'silentMs', definition.silentMs);
  return { name: definition.name, open: (services) => new Queue(services, definition) };
}

/** Items are kept until they are done; each is handed out at least once, and after a crash possibly again. */
export class Queue<Item> {
  readonly #access: Access;
  readonly #definition: QueueDefinition<Item>;
  readonly #codec: Codec<Item>;

  constructor(services: Services, definition: QueueDefinition<Item>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Adds items behind those that wait; a lost answer can add them twice. */
  async push(...items: readonly Item[]): Promise<void> {
    await this.#expectKept();
    if (items.length === 0) return;
    const texts = items.map((item) => this.#codec.encode(item));
    await this.#access.call(this.#waiting, ['LPUSH', this.#waiting, ...texts]);
  }

  /** Adds an item `inMs` milliseconds from now, by the server's clock; workers find it within a second of then. */
  async pushLater(item: Item, inMs: number): Promise<void> {
    if (!(Number.isFinite(inMs) && inMs >= 0))
      throw badUse(`'${this.#definition.name}' cannot wait ${inMs} ms.`);
    await this.#expectKept();
    const args = [this.#codec.encode(item), String(Math.round(inMs)), randomUUID()];
    await this.#access.run(later, [this.#later], args);
  }

  /** Takes the oldest item for good, `null` where none waits; for work that may be lost. */
  async pop(): Promise<Item | null> {
    await this.#access.run(promote, [this.#later, this.#waiting], ['100']);
    return this.#read(textOf(await this.#access.call(this.#waiting, ['RPOP', this.#waiting])));
  }

  /**
   * Has `handle` called for each item, one after the other; start several for more at a time. An item whose handler
   * rejects goes to the dead ones. What a worker had when it died is given to the others.
   */
  work(handle: (item: Item, signal: AbortSignal) => Promise<unknown>): Worker {
    const id = randomUUID();
    let isChecked = false;
    return startWorker(this.#access.services, this.#definition.name, async (turn) => {
      if (!isChecked) await this.#expectKept();
      isChecked = true;
      await this.#turn(id, handle, turn);
    });
  }

  /** How many wait, are being worked on by anybody, are for later, and are dead. */
  async sizes(): Promise<{ waiting: number; taken: number; later: number; dead: number }> {
    const [waiting, scheduled, dead, workers] = await Promise.all([
      this.#access.call(this.#waiting, ['LLEN', this.#waiting]),
      this.#access.call(this.#later, ['ZCARD', this.#later]),
      this.#access.call(this.#dead, ['LLEN', this.#dead]),
      this.#access.call(this.#workers, ['ZRANGE', this.#workers, '0', '-1']),
    ]);
    const held = textsOf(workers).map((worker) => this.#taken(worker));
    const counts = await Promise.all(held.map((key) => this.#access.call(key, ['LLEN', key])));
    const taken = counts.reduce<number>((sum, count) => sum + Number(count), 0);
    return { waiting: Number(waiting), taken, later: Number(scheduled), dead: Number(dead) };
  }

  /** Items that were given up, newest first. */
  async dead(count = 100): Promise<string[]> {
    return textsOf(await this.#access.call(this.#dead, ['LRANGE', this.#dead, '0', String(count - 1)]));
  }

  async #turn(
    id: string,
    handle: (item: Item, signal: AbortSignal) => Promise<unknown>,
    { port, signal }: Turn,
  ) {
    await port.run(promote, [this.#later, this.#waiting], ['100']);
    await this.#recover(port, id);
    const mine = this.#taken(id);
    const text =
      (await port.run(take, [this.#waiting, mine, this.#workers], [id])) ??
      textOf(
        await port.call(this.#waiting, ['BLMOVE', this.#waiting, mine, 'RIGHT', 'LEFT', String(waitSeconds)]),
      );
    if (text === null) return;
    const stop = this.#beating(port, id);
    try {
      const item = await this.#read(text);
      if (item === null) throw badUse('It is not what the schema describes.');
      await handle(item, signal);
      await this.#access.call(mine, ['LREM', mine, '1', text]);
    } catch (error) {
      this.#access.services.observe({ name: this.#definition.name, what: 'dead-letter' });
      await this.#access.run(bury, [mine, this.#dead], [text, String((error as Error)?.message ?? error)]);
    } finally {
      stop();
    }
  }

  /** A worker's items are given back when it has been silent; its own id it renews with every turn. */
  async #recover(port: Turn['port'], id: string): Promise<void> {
    const silentMs = String(this.#definition.silentMs ?? 30_000);
    const workers = await port.run(silent, [this.#workers], [silentMs]);
    for (const worker of workers.filter((other) => other !== id))
      await port.run(giveBack, [this.#taken(worker), this.#waiting, this.#workers], [worker]);
  }

  #beating(port: Turn['port'], id: string): () => void {
    const everyMs = (this.#definition.silentMs ?? 30_000) / 4;
    const timer = setInterval(() => {
      // What is missed is made up by the next one.
      port.run(beat, [this.#workers], [id]).catch(() => {});
    }, everyMs);
    return () => clearInterval(timer);
  }

  async #read(text: string | null): Promise<Item | null> {
    const decoded = text === null ? undefined : await this.#codec.decode(text);
    return decoded?.value ?? null;
  }

  #expectKept(): Promise<void> {
    return expectNoEviction(this.#access.services, `Items of '${this.#definition.name}'`, 'lasting');
  }

  get #waiting(): string {
    return this.#access.shared('waiting');
  }
  get #later(): string {
    return this.#access.shared('later');
  }
  get #dead(): string {
    return this.#access.shared('dead');
  }
  get #workers(): string {
    return this.#access.shared('workers');
  }
  #taken(worker: string): string {
    return this.#access.shared('taken', worker);
  }
}

/** KEYS: taken, dead. ARGV: item, why. Keeps the last thousand. */
const bury = script<boolean>(
  `if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], cjson.encode({item = ARGV[1], why = ARGV[2]}))
redis.call('LTRIM', KEYS[2], 0, 999)
return 1`,
  isOne,
);

export interface ListDefinition<Id, Item> {
  readonly name: string;
  readonly key: (id: Id) => readonly KeyPart[];
  /** How long a list is kept after its last addition, in milliseconds. */
  readonly ttlMs: number;
  /** How many are kept; the oldest go. */
  readonly max: number;
  readonly schema?: StandardSchema<Item>;
}

/** KEYS: list. ARGV: lifetime, most, items. */
const remember = script<boolean>(
  `for i = 3, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[i]) end
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`,
  isOne,
);

/** The last few of something: recently viewed, a stack of undo steps. */
export function recent<Id, Item>(definition: ListDefinition<Id, Item>): Definition<Recent<Id, Item>> {
  checkName(definition.name);
  checkMs(definition.name, 'ttlMs', definition.ttlMs);
  if (!(Number.isInteger(definition.max) && definition.max > 0))
    throw badUse(`'${definition.name}' needs a max of at least 1.`);
  return { name: definition.name, open: (services) => new Recent(services, definition) };
}

/** A list of bounded length, newest first. */
export class Recent<Id, Item> {
  readonly #access: Access;
  readonly #definition: ListDefinition<Id, Item>;
  readonly #codec: Codec<Item>;

  constructor(services: Services, definition: ListDefinition<Id, Item>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Adds items, the last one becoming the newest. */
  async push(id: Id, ...items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    const { ttlMs, max } = this.#definition;
    const texts = items.map((item) => this.#codec.encode(item));
    await this.#access.run(remember, [this.#key(id)], [String(ttlMs), String(max), ...texts]);
  }

  /** The newest `count`; what the schema does not know is left out. */
  async list(id: Id, count = this.#definition.max): Promise<Item[]> {
    const key = this.#key(id);
    const texts = textsOf(await this.#access.call(key, ['LRANGE', key, '0', String(count - 1)]));
    const decoded = await Promise.all(texts.map((text) => this.#codec.decode(text)));
    return decoded.flatMap((one) => (one === undefined || one.value === null ? [] : [one.value]));
  }

  /** Takes the newest off, as from a stack; `null` where there is none. */
  async pop(id: Id): Promise<Item | null> {
    const key = this.#key(id);
    const text = textOf(await this.#access.call(key, ['LPOP', key]));
    return text === null ? null : ((await this.#codec.decode(text))?.value ?? null);
  }

  #key(id: Id): string {
    return this.#access.key(this.#definition.key(id));
  }
}

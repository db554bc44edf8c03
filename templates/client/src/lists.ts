import { randomUUID } from 'node:crypto';
import type { Definition, Services } from './definition.js';
import { Items } from './items.js';
import { defineKeyed, type Keyed, type KeyedDefinition, keepKey } from './keyed.js';
import { integerText } from './numbers.js';
import { textOf, textsOf } from './replies.js';
import type { StandardSchema } from './schema.js';
import { type Script, script } from './scripts.js';

export interface ListDefinition<Id, Item> extends KeyedDefinition<Id> {
  /** Checks items when they are read; others are left out, and observers are told `misfit`. */
  readonly schema?: StandardSchema<Item>;
  /**
   * When the lifetime of a list begins: with the `last-write`, so that every addition prolongs it; or with the `first-write`,
   * so that it ends whatever comes after.
   *
   * @default 'last-write'
   */
  readonly ttlFrom?: 'first-write' | 'last-write';
}

export interface ItemStackDefinition<Id, Item> extends ListDefinition<Id, Item> {
  /**
   * How many items a stack keeps; the lowest go.
   *
   * @default no limit
   */
  readonly max?: number;
}

export interface RecentListDefinition<Id, Item> extends ListDefinition<Id, Item> {
  /** How many items a list keeps; the oldest go. */
  readonly max: number;
  /**
   * Whether an item that is added again moves to the front instead of being there twice; items are the same where their JSON
   * is.
   *
   * @default false
   */
  readonly distinct?: boolean;
}

/**
 * Lua between which a script stands that gives `reply`: asked again because the answer was lost, it gives the same one and
 * does nothing. KEYS: list, receipt. ARGV: lifetime, when it begins, milliseconds to keep the receipt.
 */
const once = (body: string): string => `local reply = redis.call('GET', KEYS[2])
if reply then return reply end
${body}
if reply then redis.call('SET', KEYS[2], reply, 'PX', ARGV[3]) end
return reply`;

/** More ARGV: how many are kept at most or 0, 1 where no two may be the same, items. Gives how many there are. */
const add = script<number>(
  once(`for i = 6, #ARGV do
  if ARGV[5] == '1' then redis.call('LREM', KEYS[1], 0, ARGV[i]) end
  redis.call('LPUSH', KEYS[1], ARGV[i])
end
if ARGV[4] ~= '0' then redis.call('LTRIM', KEYS[1], 0, ARGV[4] - 1) end
${keepKey}
reply = redis.call('LLEN', KEYS[1])`),
  Number,
);

/** Gives the first item. */
const pop = script<string | null>(once(`reply = redis.call('LPOP', KEYS[1])`), textOf);

/** The lists of a definition, newest item first. */
class Lists<Id, Item> {
  readonly #keyed: Keyed<Id>;
  readonly #services: Services;
  readonly #items: Items<Item>;

  constructor(keyed: Keyed<Id>, services: Services, schema: StandardSchema<Item> | undefined) {
    this.#keyed = keyed;
    this.#services = services;
    this.#items = new Items(keyed.name, schema);
  }

  async add(id: Id, items: readonly Item[], max = 0, isDistinct = false): Promise<number> {
    const texts = items.map((item) => this.#items.encode(item));
    if (texts.length === 0) return this.size(id);
    return Number(await this.#once(id, add, String(max), isDistinct ? '1' : '0', ...texts));
  }

  /** The first item that can be read; the others before it are gone. */
  async pop(id: Id): Promise<Item | null> {
    for (;;) {
      const text = await this.#once(id, pop);
      if (text === null) return null;
      const item = await this.#read(text);
      if (item !== undefined) return item;
    }
  }

  async list(id: Id, count: number): Promise<Item[]> {
    const last = Number(integerText(this.#keyed.name, 'count', count, 1)) - 1;
    const texts = textsOf(await this.#keyed.ask(id, 'LRANGE', '0', String(last)));
    const items = await Promise.all(texts.map((text) => this.#read(text)));
    return items.filter((item) => item !== undefined);
  }

  async size(id: Id): Promise<number> {
    return Number(await this.#keyed.ask(id, 'LLEN'));
  }

  delete(id: Id): Promise<boolean> {
    return this.#keyed.delete(id);
  }

  #once<Reply>(id: Id, script: Script<Reply>, ...args: readonly string[]): Promise<Reply> {
    const keys = [this.#keyed.key(id), this.#keyed.key(id, `receipt-${randomUUID()}`)];
    return this.#keyed.runAll(keys, script, String(this.#services.writeWithinMs), ...args);
  }

  async #read(text: string): Promise<Item | undefined> {
    const item = await this.#items.decode(text);
    if (item === undefined) this.#services.observe({ name: this.#keyed.name, what: 'misfit' });
    return item;
  }
}

/** Last in, first out: steps that can be undone, cards on a pile. Throws `redis/bad-use` if it cannot work. */
export function itemStack<Id, Item>(
  definition: ItemStackDefinition<Id, Item>,
): Definition<ItemStack<Id, Item>> {
  const { name, schema, max } = definition;
  if (max !== undefined) integerText(name, 'max', max, 1);
  return defineKeyed(
    { ttlFrom: 'last-write', ...definition },
    (keyed, services) => new ItemStack(new Lists(keyed, services, schema), max),
  );
}

/** A stack for each id. Calls repeat themselves through an outage without adding or taking twice. */
export class ItemStack<Id, Item> {
  readonly #lists: Lists<Id, Item>;
  readonly #max: number | undefined;

  constructor(lists: Lists<Id, Item>, max: number | undefined) {
    this.#lists = lists;
    this.#max = max;
  }

  /** Puts items on top, the last one highest, and gives how many there are. */
  push(id: Id, ...items: readonly Item[]): Promise<number> {
    return this.#lists.add(id, items, this.#max);
  }

  /** Takes the highest off, `null` where there is none. */
  pop(id: Id): Promise<Item | null> {
    return this.#lists.pop(id);
  }

  /** The highest `count`, downwards; they stay where they are. */
  peek(id: Id, count = 1): Promise<Item[]> {
    return this.#lists.list(id, count);
  }

  size(id: Id): Promise<number> {
    return this.#lists.size(id);
  }

  /** Deletes the stack and says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#lists.delete(id);
  }
}

/** The last so many of something: recently viewed, the latest messages. Throws `redis/bad-use` if it cannot work. */
export function recentList<Id, Item>(
  definition: RecentListDefinition<Id, Item>,
): Definition<RecentList<Id, Item>> {
  const { name, schema, max } = definition;
  integerText(name, 'max', max, 1);
  return defineKeyed(
    { ttlFrom: 'last-write', ...definition },
    (keyed, services) => new RecentList(new Lists(keyed, services, schema), definition),
  );
}

/** A list of bounded length for each id, newest first. Calls repeat themselves through an outage without adding twice. */
export class RecentList<Id, Item> {
  readonly #lists: Lists<Id, Item>;
  readonly #max: number;
  readonly #isDistinct: boolean;

  constructor(
    lists: Lists<Id, Item>,
    { max, distinct = false }: Pick<RecentListDefinition<Id, Item>, 'max' | 'distinct'>,
  ) {
    this.#lists = lists;
    this.#max = max;
    this.#isDistinct = distinct;
  }

  /** Adds items, the last one becoming the newest, and gives how many there are. */
  add(id: Id, ...items: readonly Item[]): Promise<number> {
    return this.#lists.add(id, items.slice(-this.#max), this.#max, this.#isDistinct);
  }

  /** The newest `count`, by default all. */
  list(id: Id, count = this.#max): Promise<Item[]> {
    return this.#lists.list(id, count);
  }

  size(id: Id): Promise<number> {
    return this.#lists.size(id);
  }

  /** Deletes the list and says whether there was one. */
  delete(id: Id): Promise<boolean> {
    return this.#lists.delete(id);
  }
}

import { randomBytes } from 'node:crypto';
import { encodeAccepted } from './accepted-items.js';
import { Access } from './access.js';
import type { Definition, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { GroupReader } from './group-reader.js';
import { Items } from './items.js';
import { checkMs, checkName } from './names.js';
import { integerText } from './numbers.js';
import { persist } from './retry.js';
import { StreamConsumer, type StreamHandler } from './stream-consumer.js';
import type {
  DeadStreamEntry,
  StreamConsumeOptions,
  StreamDefinition,
  StreamEntry,
  StreamLag,
  StreamReplayOptions,
} from './stream-definition.js';
import * as scripts from './stream-scripts.js';
import { entriesOf, type LogEntry } from './stream-scripts.js';
import type { Worker } from './workers.js';

export type { StreamDelivery, StreamHandler } from './stream-consumer.js';
export type * from './stream-definition.js';
export type { Worker } from './workers.js';

/** Names an append-only log that groups of consumers read, each group at its own pace; throws `redis/bad-use`. */
export function stream<Item>(definition: StreamDefinition<Item>): Definition<Stream<Item>> {
  const { name, keep = 10_000, maxDead = 10_000 } = definition;
  checkName(name);
  integerText(name, 'keep', keep, 0);
  integerText(name, 'maxDead', maxDead, 1);
  return { name, mustStay: 'lasting', open: (services) => new Stream(services, definition) };
}

/** How many entries are read or moved at a time: the server does nothing else meanwhile. */
const page = 500;

/**
 * Each entry reaches each group at least once: again when its handler rejected, when its consumer died or was silent for too
 * long, and when the server lost the last moments of a group in a failover. What was added just before a failover can be
 * lost, as any write, unless the stack waits for its replicas.
 */
export class Stream<Item> {
  readonly #access: Access;
  readonly #definition: StreamDefinition<Item>;
  readonly #items: Items<Item>;
  readonly #log: string;
  #isKept = false;
  #lastAdded = '-';

  constructor(services: Services, definition: StreamDefinition<Item>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#items = new Items(definition.name, definition.schema);
    this.#log = this.#access.shared('log');
  }

  /**
   * Appends an item and gives its id. Repeats itself through an outage without adding twice, unless others add more than a
   * thousand meanwhile; rejects with `redis/deadline` after `writeWithinMs`, and then it may have been added.
   */
  async add(item: Item): Promise<string> {
    const json = await encodeAccepted(this.#items, this.#definition, item);
    await this.#expectKept();
    const { port, writeWithinMs } = this.#access.services;
    const args = [json, randomBytes(9).toString('base64url'), String(this.#definition.keep ?? 10_000)];
    // Nothing to look for at first; after that, among what came since an earlier one was added for certain.
    const before = this.#lastAdded;
    let lookFrom = '';
    this.#lastAdded = await persist(() => {
      const look = lookFrom;
      lookFrom = before;
      return port.run(scripts.add, [this.#log], [...args, look]);
    }, writeWithinMs);
    return this.#lastAdded;
  }

  /**
   * Has `handle` called for each entry that the group has not seen, until the consumer is stopped or the connection closes;
   * start it in several processes to share the work. An entry is acknowledged when `handle` resolves, with whatever; when it
   * rejects, the entry is handed over again after a pause, and after `maxDeliveries` it goes to the dead ones. A stop aborts
   * the signal of the handler: what it rejects with then does not count. Throws `redis/bad-use`.
   */
  consume(group: string, handle: StreamHandler<Item>, options: StreamConsumeOptions = {}): Worker {
    const { from = 'start', silentMs = 30_000, retryMs = 1000 } = options;
    const { concurrency = 1, maxDeliveries = 5, handleWithinMs = Number.POSITIVE_INFINITY } = options;
    const { name, maxDead = 10_000, keep = 10_000 } = this.#definition;
    checkName(group);
    for (const [option, ms] of Object.entries({ silentMs, retryMs })) checkMs(name, option, ms);
    if (handleWithinMs !== Number.POSITIVE_INFINITY) checkMs(name, 'handleWithinMs', handleWithinMs);
    integerText(name, 'concurrency', concurrency, 1, 1000);
    integerText(name, 'maxDeliveries', maxDeliveries, 1);
    const where = { access: this.#access, log: this.#log, dead: this.#dead(group), group };
    const reader = new GroupReader({ ...where, from, silentMs, retryMs, maxDeliveries, maxDead, keep });
    const decode = (json: string) => this.#items.decode(json);
    const expectKept = () => this.#expectKept();
    const work = { reader, group, concurrency, handleWithinMs, maxDeliveries, expectKept, decode, handle };
    return new StreamConsumer<Item>({ access: this.#access, ...work }).start();
  }

  /** The past, oldest first, without any group: entries from one to another, both included, read as they are asked for. */
  async *replay({ from = '-', to = '+' }: StreamReplayOptions = {}): AsyncGenerator<StreamEntry<Item>, void> {
    for await (const { id, fields } of this.#entries(this.#log, edge(from), edge(to))) {
      // What was revived for one group is there already.
      const item = fields.has('for') ? undefined : await this.#items.decode(fields.get('item') ?? '');
      if (item !== undefined) yield { id, item };
    }
  }

  /** How far a group is behind; `null` where there is no such group. */
  async lag(group: string): Promise<StreamLag | null> {
    const figures = await this.#access.run(scripts.lag, [this.#log], [group]);
    if (figures === null) return null;
    const [waiting = 0, pending = 0, behindMs = 0] = figures;
    return { waiting, pending, behindMs };
  }

  /** Forgets a group with its dead entries, so that nothing is kept for it any more; false where there was none. */
  async removeGroup(group: string): Promise<boolean> {
    checkName(group);
    await this.#access.delete(this.#dead(group));
    const isThere = (await this.lag(group)) !== null;
    return isThere && Number(await this.#access.call(this.#log, ['XGROUP', 'DESTROY', this.#log, group])) > 0;
  }

  /** The entries that a group has given up, the oldest first. */
  async dead(group: string, count = 100): Promise<DeadStreamEntry<Item>[]> {
    checkName(group);
    const entries = await this.#range(this.#dead(group), '-', '+', count);
    return Promise.all(
      entries.map(async ({ id, fields }) => {
        const json = fields.get('item') ?? '';
        return {
          id,
          entryId: fields.get('id') ?? '',
          item: await this.#items.decode(json),
          json,
          reason: fields.get('reason') ?? '',
          deliveries: Number(fields.get('deliveries')),
        };
      }),
    );
  }

  /** Adds dead entries once more, for this group alone and as if they had never been tried; says how many there were. */
  async revive(group: string, ids: readonly string[] | 'all'): Promise<number> {
    return this.#eachDead(group, ids, (some) =>
      this.#access.run(scripts.revive, [this.#log, this.#dead(group)], [group, ...some]),
    );
  }

  /** Deletes dead entries for good and says how many there were. */
  async discard(group: string, ids: readonly string[] | 'all'): Promise<number> {
    const dead = this.#dead(group);
    return this.#eachDead(group, ids, async (some) =>
      Number(await this.#access.call(dead, ['XDEL', dead, ...some])),
    );
  }

  async #eachDead(
    group: string,
    asked: readonly string[] | 'all',
    act: (ids: readonly string[]) => Promise<number>,
  ): Promise<number> {
    checkName(group);
    // Those that die again meanwhile are not meant.
    const ids = asked === 'all' ? await this.#deadIds(group) : asked;
    let count = 0;
    for (let start = 0; start < ids.length; start += page) count += await act(ids.slice(start, start + page));
    return count;
  }

  async #deadIds(group: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of this.#entries(this.#dead(group), '-', '+')) ids.push(id);
    return ids;
  }

  async *#entries(key: string, from: string, to: string): AsyncGenerator<LogEntry, void> {
    for (let first = from; ; ) {
      const entries = await this.#range(key, first, to, page);
      yield* entries;
      const last = entries.at(-1);
      if (last === undefined || entries.length < page) return;
      first = `(${last.id}`;
    }
  }

  async #range(key: string, from: string, to: string, count: number): Promise<LogEntry[]> {
    return entriesOf(await this.#access.call(key, ['XRANGE', key, from, to, 'COUNT', String(count)]));
  }

  async #expectKept(): Promise<void> {
    if (this.#isKept) return;
    const { services, name } = this.#access;
    const expected = () => expectNoEviction(services, `Entries of '${name}'`, 'lasting');
    await persist(expected, services.writeWithinMs);
    this.#isKept = true;
  }

  #dead(group: string): string {
    return this.#access.shared('dead', group);
  }
}

const edge = (where: string | Date): string => (typeof where === 'string' ? where : String(where.getTime()));

import { Access } from './access.js';
import type { RedisEvent, Services } from './definition.js';
import { expectNoEviction } from './durable.js';
import { Items } from './items.js';
import type { RedisPort } from './port.js';
import * as scripts from './queue-scripts.js';
import { persist } from './retry.js';
import type { StandardSchema } from './schema.js';
import type { Script } from './scripts.js';

/** A queue's definition with every choice made. */
export interface QueueRules<Item> {
  readonly name: string;
  readonly schema: StandardSchema<Item> | undefined;
  readonly silentMs: number;
  readonly maxDeliveries: number;
  readonly retryMs: number;
  readonly maxDead: number;
}

/** Why an item is dead that was pushed by somebody whose items look different; no further try would help. */
export class Unreadable extends Error {}

// For people to read, and kept in memory.
const longestReason = 1000;

/** The keys of one queue, and what can happen to its items. */
export class QueueStore<Item> {
  readonly rules: QueueRules<Item>;
  readonly items: Items<Item>;
  readonly #access: Access;
  readonly #keys: readonly string[];

  constructor(services: Services, rules: QueueRules<Item>) {
    this.rules = rules;
    this.items = new Items(rules.name, rules.schema);
    this.#access = new Access(services, rules.name);
    this.#keys = scripts.queueKeyNames.map((key) => this.#access.shared(key));
  }

  /** Rejects with `redis/may-evict` on a server that may drop items. */
  expectKept(): Promise<void> {
    const { services, name } = this.#access;
    return persist(() => expectNoEviction(services, `Items of '${name}'`, 'lasting'), services.writeWithinMs);
  }

  tell(what: string, more: Pick<RedisEvent, 'ms' | 'error'> = {}): void {
    this.#access.services.observe({ name: this.#access.name, what, ...more });
  }

  run<Reply>(script: Script<Reply>, ...args: readonly (string | number)[]): Promise<Reply> {
    return this.#access.run(script, this.#keys, args.map(String));
  }

  /** The oldest item, for this holder; on `port` it is asked for once, otherwise through an outage. */
  async take(holder: string, port?: RedisPort): Promise<scripts.Taken> {
    const { silentMs, maxDeliveries, maxDead } = this.rules;
    const args = [holder, silentMs, maxDeliveries, maxDead].map(String);
    const taken = await (port === undefined
      ? this.run(scripts.take, ...args)
      : port.run(scripts.take, this.#keys, args));
    for (let count = 0; count < taken.givenBack; count++) this.tell('given-back');
    for (let count = 0; count < taken.buried; count++) this.tell('dead-letter');
    return taken;
  }

  /** Waits on the server until an item is moved out of the list, to where `take` finds it first. */
  async moved(port: RedisPort, waitMs: number): Promise<void> {
    const [waiting = '', handed = ''] = this.#keys;
    await port.call(waiting, ['BLMOVE', waiting, handed, 'RIGHT', 'LEFT', String(waitMs / 1000)]);
  }

  renew(holder: string, port: RedisPort): Promise<boolean> {
    return port.run(scripts.renew, this.#keys, [holder, String(this.rules.silentMs)]);
  }

  finish(holder: string, { id }: scripts.HandedOver): Promise<void> {
    return this.run(scripts.finish, holder, id);
  }

  release(holder: string): Promise<void> {
    return this.run(scripts.release, holder);
  }

  /** Has an item wait for its next try, or gives it up. */
  async fail(holder: string, { id, count }: scripts.HandedOver, error: unknown): Promise<void> {
    const { retryMs, maxDeliveries, maxDead } = this.rules;
    const why = String(error instanceof Error ? error.message : error).slice(0, longestReason);
    const pauseMs = retryMs * 2 ** Math.min(count - 1, 20);
    const most = error instanceof Unreadable ? 0 : maxDeliveries;
    const to = await this.run(scripts.fail, holder, id, why, pauseMs, most, maxDead);
    if (to === 'dead') this.tell('dead-letter', { error });
    if (to === 'later') this.tell('retry', { error });
  }

  /** Rejects with `Unreadable`. */
  async read(json: string): Promise<Item> {
    const item = await this.items.decode(json);
    if (item === undefined) throw new Unreadable('It is not what the schema describes.');
    return item;
  }
}

import type { Definition, Services } from './definition.js';
import { RedisError } from './errors.js';
import { Inbox } from './inbox.js';
import { Items } from './items.js';
import { badUse, checkName, encodeId, escapePattern } from './names.js';
import type { ChannelKind } from './port.js';
import { persist } from './retry.js';
import type { StandardSchema } from './schema.js';
import { script } from './scripts.js';

export interface BroadcastDefinition<Message> {
  /** Part of every channel: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** Checks messages that arrive; others are left out, and observers are told `misfit`. */
  readonly schema?: StandardSchema<Message>;
  /**
   * Sends a message only to the shard of a cluster that its topic belongs to, instead of to every node; patterns then do not
   * work. Publishers and subscribers have to agree on it. Needs Redis 7 or Valkey, and changes nothing on other topologies.
   *
   * @default false
   */
  readonly sharded?: boolean;
}

/**
 * What is known of a message that was sent: it is heard at most once by whoever listens at that moment, and kept for nobody.
 * Who was away, or connecting anew during a failover, has missed it; what must arrive goes through a stream.
 */
export interface AtMostOnce {
  /** How many connections were listening on the server that took the message; on a cluster others may have heard it too. */
  readonly listeners: number;
}

/**
 * Called for each message in the order of arrival. It is not waited for where it gives a promise; where it fails, observers
 * are told `listener-failed`, and nobody else is hurt.
 */
export type BroadcastListener<Message> = (message: Message, topic: string) => unknown;

/** Ends a subscription: nothing is heard after the call, and it resolves when the server knows. */
export type EndSubscription = () => Promise<void>;

/** A broadcast whose topics have a shard each, so that there are no patterns. */
export type ShardedBroadcast<Message> = Omit<Broadcast<Message>, 'subscribePattern'>;

/**
 * KEYS: channel. ARGV: command, message. A script, because client libraries spread bare messages over the nodes of a cluster,
 * where they overtake one another.
 */
const send = script<number>(`return redis.call(ARGV[1], KEYS[1], ARGV[2])`, Number);

/** Messages to whoever listens now. Throws `redis/bad-use` if it cannot work. */
export function broadcast<Message>(
  definition: BroadcastDefinition<Message> & { readonly sharded: true },
): Definition<ShardedBroadcast<Message>>;
export function broadcast<Message>(definition: BroadcastDefinition<Message>): Definition<Broadcast<Message>>;
export function broadcast<Message>(definition: BroadcastDefinition<Message>): Definition<Broadcast<Message>> {
  checkName(definition.name);
  return { name: definition.name, open: (services) => new Broadcast(services, definition) };
}

/** Publishes and subscribes, at most once; subscriptions are made anew after a failover. */
export class Broadcast<Message> {
  readonly #services: Services;
  readonly #definition: BroadcastDefinition<Message>;
  readonly #items: Items<Message>;

  constructor(services: Services, definition: BroadcastDefinition<Message>) {
    this.#services = services;
    this.#definition = definition;
    this.#items = new Items(definition.name, definition.schema);
  }

  /**
   * Sends a message to all who listen to the topic now. Rejects with `redis/unreachable` where there is no answer: then it
   * may have been sent, and is not sent again, because it would be heard twice. `null` is no message.
   */
  async publish(topic: string, message: Message): Promise<AtMostOnce> {
    const { port, writeWithinMs } = this.#services;
    const command = this.#definition.sharded ? 'SPUBLISH' : 'PUBLISH';
    const [keys, args] = [[this.#channel(topic)], [command, this.#items.encode(message)]];
    const outcome = await persist(() => port.run(send, keys, args).catch(unlessRefused), writeWithinMs);
    if (outcome instanceof RedisError) throw outcome;
    return { listeners: outcome };
  }

  /**
   * Calls `listen` for each message of a topic until the returned function is called or the connection closes. Repeats itself
   * through an outage; rejects with `redis/deadline` after `writeWithinMs`.
   */
  async subscribe(topic: string, listen: BroadcastListener<Message>): Promise<EndSubscription> {
    const kind = this.#definition.sharded ? 'shard' : 'channel';
    return this.#listen(kind, this.#channel(topic), () => topic, listen);
  }

  /**
   * The same for all topics that fit a pattern, in which `*` stands for any text and everything else for itself: `*` alone
   * hears all of this definition.
   */
  async subscribePattern(pattern: string, listen: BroadcastListener<Message>): Promise<EndSubscription> {
    const { name, sharded = false } = this.#definition;
    if (sharded) throw badUse(`'${name}' is sharded: its topics can be heard one by one only.`);
    const pieces = pattern.split('*');
    const escaped = pieces.map((piece) => (piece === '' ? '' : escapePattern(encodeId([piece]))));
    const fits = new RegExp(`^${pieces.map(escapeRegExp).join('[^]*')}$`);
    const topicOf = (channel: string): string | undefined => {
      const topic = decodeId(channel.slice(this.#start.length, -1));
      // A piece that ends like the code of another character: only the decoded text says.
      return topic !== undefined && fits.test(topic) ? topic : undefined;
    };
    return this.#listen('pattern', `${escapePattern(this.#start)}${escaped.join('*')}}`, topicOf, listen);
  }

  async #listen(
    kind: ChannelKind,
    name: string,
    topicOf: (channel: string) => string | undefined,
    listen: BroadcastListener<Message>,
  ): Promise<EndSubscription> {
    const { port, writeWithinMs, observe } = this.#services;
    const inbox = new Inbox(this.#items, listen, (what, error) =>
      observe({ name: this.#definition.name, what, ...(error === undefined ? {} : { error }) }),
    );
    let attempts = 0;
    const attempt = async (): Promise<EndSubscription> => {
      const own = ++attempts;
      const end = await port.subscribe(kind, name, (text, channel) => {
        const topic = topicOf(channel);
        // What an attempt whose answer was lost hears, the next one hears too.
        if (own === attempts && topic !== undefined) inbox.take(text, topic);
      });
      // Nobody waits for it any more.
      if (inbox.isClosed) end().catch(() => {});
      return end;
    };
    try {
      const end = await persist(attempt, writeWithinMs);
      return () => {
        inbox.close();
        return persist(end, writeWithinMs);
      };
    } catch (error) {
      inbox.close();
      throw error;
    }
  }

  get #start(): string {
    return `${this.#services.keyPrefix}${this.#definition.name}:{`;
  }

  #channel(topic: string): string {
    return `${this.#start}${encodeId([topic])}}`;
  }
}

/** Passes on what shows that nothing was sent, to be asked again where that may help; other errors become the outcome. */
function unlessRefused(error: unknown): RedisError {
  const isOpen = error instanceof RedisError && !['redis/refused', 'redis/overloaded'].includes(error.code);
  if (isOpen) return error;
  throw error;
}

/** The reverse of `encodeId`; undefined for what it cannot have made. */
function decodeId(id: string): string | undefined {
  if (id === '%') return '';
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

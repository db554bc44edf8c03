import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Address } from './description.js';
import type { ConnectionOptions } from './ioredis.js';
import type { ChannelKind, Listener } from './port.js';
import { unless, within } from './time.js';

/** Where messages can be heard. */
export interface Places {
  /** The server to listen to for a channel at this moment; undefined while none is known. */
  readonly of: (kind: ChannelKind, name: string) => Address | undefined;
  /** Told that a server did not know the channel any more. */
  readonly onMoved?: () => void;
}

interface Wanted {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly listeners: Set<Listener>;
  ear: Ear | undefined;
  isHeard: boolean;
}

/** A connection that only listens. It is not repaired but replaced: an error of any kind is its end. */
class Ear {
  readonly place: string;
  readonly client: Redis;
  readonly #life = new AbortController();
  readonly #ready: Promise<void>;

  constructor(place: string, options: ConnectionOptions & Address) {
    this.place = place;
    this.client = new Redis({ ...options, retryStrategy: () => null });
    this.#ready = this.client.connect();
    this.#ready.catch(() => {});
  }

  /** Asks as soon as there is a connection; rejects when it ends, also where the library forgets what waits for an answer. */
  async ask(question: (client: Redis) => Promise<unknown>): Promise<void> {
    await this.#ready;
    await unless(this.#life.signal, question(this.client));
  }

  end(): void {
    this.#life.abort(new Error('The connection that listens was lost.'));
    this.client.disconnect();
    this.client.stream?.destroy();
  }
}

const subscribe = { channel: 'subscribe', pattern: 'psubscribe', shard: 'ssubscribe' } as const;
const unsubscribe = { channel: 'unsubscribe', pattern: 'punsubscribe', shard: 'sunsubscribe' } as const;

// How soon a channel that has moved is followed, and a connection that could not be made is tried again.
const lookMs = 500;
const soonMs = 50;
const attempts = 4;
// How long the answer to an unsubscription is waited for.
const leaveMs = 1000;

/** Listens to channels on connections of their own, and follows them wherever they can be heard. */
export class Subscriptions {
  onError: (error: unknown) => void = () => {};
  readonly #places: Places;
  readonly #options: ConnectionOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #leaving = new Map<string, Wanted>();
  readonly #ears = new Map<string, Ear>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions, places: Places) {
    this.#options = options;
    this.#places = places;
  }

  /** Resolves when messages are heard. */
  async add(kind: ChannelKind, name: string, listener: Listener): Promise<void> {
    const key = `${kind} ${name}`;
    const wanted = this.#wanted.get(key) ?? {
      kind,
      name,
      listeners: new Set(),
      ear: undefined,
      isHeard: false,
    };
    this.#wanted.set(key, wanted);
    wanted.listeners.add(listener);
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
    try {
      await this.#begin(wanted);
    } catch (error) {
      await this.remove(kind, name, listener);
      throw error;
    }
  }

  async remove(kind: ChannelKind, name: string, listener: Listener): Promise<void> {
    const key = `${kind} ${name}`;
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return;
    if (wanted.listeners.size > 1) {
      wanted.listeners.delete(listener);
      return;
    }
    this.#wanted.delete(key);
    const { ear } = wanted;
    if (ear === undefined) return;
    // What comes before the answer was sent while somebody listened.
    this.#leaving.set(key, wanted);
    await this.#leave(wanted, ear);
    if (this.#leaving.get(key) === wanted) this.#leaving.delete(key);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const ear of this.#ears.values()) ear.end();
    this.#wanted.clear();
  }

  async #begin(wanted: Wanted): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listen(wanted);
      } catch (error) {
        // A channel of a shard that is on its way from one server to another.
        if (wanted.kind !== 'shard' || attempt === attempts) throw error;
        this.#places.onMoved?.();
        await sleep(100 * attempt);
      }
    }
  }

  async #listen(wanted: Wanted): Promise<void> {
    const { kind, name, ear: old } = wanted;
    const at = this.#places.of(kind, name);
    if (at === undefined) throw new Error('No server is known that could be listened to.');
    const ear = this.#earAt(at);
    if (ear === old && wanted.isHeard) return;
    wanted.ear = ear;
    wanted.isHeard = false;
    try {
      await ear.ask((client) => client[subscribe[kind]](name));
    } catch (error) {
      if (wanted.ear === ear) wanted.ear = undefined;
      throw error;
    }
    // Another place was found to be the right one meanwhile.
    if (wanted.ear !== ear) return;
    wanted.isHeard = true;
    if (old !== undefined && old !== ear) await this.#leave(wanted, old);
  }

  #earAt(at: Address): Ear {
    const place = `${at.host}:${at.port}`;
    const known = this.#ears.get(place);
    if (known !== undefined) return known;
    const ear = new Ear(place, { ...this.#options, ...at });
    this.#ears.set(place, ear);
    const { client } = ear;
    client.on('message', (channel, text) => this.#deliver(ear, 'channel', channel, text));
    client.on('pmessage', (pattern, channel, text) => this.#deliver(ear, 'pattern', pattern, text, channel));
    client.on('smessage', (channel: string, text: string) => this.#deliver(ear, 'shard', channel, text));
    client.on('moved', () => {
      this.#places.onMoved?.();
      this.#lose(ear);
    });
    client.on('error', (error) => {
      this.onError(error);
      this.#lose(ear);
    });
    client.on('end', () => this.#lose(ear));
    return ear;
  }

  /** While a channel changes places it may be heard at both. */
  #deliver(ear: Ear, kind: ChannelKind, name: string, text: string, channel = name): void {
    const key = `${kind} ${name}`;
    const wanted = this.#leaving.get(key) ?? this.#wanted.get(key);
    if (wanted?.ear !== ear) return;
    for (const listener of wanted.listeners) listener(text, channel);
  }

  #lose(ear: Ear): void {
    if (this.#ears.get(ear.place) === ear) this.#ears.delete(ear.place);
    ear.end();
    for (const wanted of this.#wanted.values()) {
      if (wanted.ear !== ear) continue;
      wanted.ear = undefined;
      wanted.isHeard = false;
    }
    if (this.#wanted.size > 0) setTimeout(() => this.#look(), soonMs).unref();
  }

  async #leave(left: Wanted, ear: Ear): Promise<void> {
    // Where it has ended there is nothing left to unsubscribe from, and one that does not answer is given up.
    const { kind, name } = left;
    const asked = ear.ask((client) => client[unsubscribe[kind]](name)).catch(() => {});
    await within(asked, leaveMs);
    const others = [...this.#wanted.values(), ...this.#leaving.values()].filter((one) => one !== left);
    if (!others.some((one) => one.ear === ear)) this.#lose(ear);
  }

  #look(): void {
    for (const wanted of this.#wanted.values()) {
      const at = this.#places.of(wanted.kind, wanted.name);
      if (at === undefined || wanted.ear?.place === `${at.host}:${at.port}`) continue;
      this.#listen(wanted).catch(this.onError);
    }
    // A server that hangs closes no connection; one that is asked and says nothing is given up by the library.
    for (const { client } of this.#ears.values())
      if (client.status === 'ready') client.ping().catch(() => {});
  }
}

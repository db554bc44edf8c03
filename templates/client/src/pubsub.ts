import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { checkName, encodeId } from './names.js';
import { persist } from './retry.js';
import type { StandardSchema } from './schema.js';

export interface BroadcastDefinition<Message> {
  /** Part of the channel names. */
  readonly name: string;
  /** Checks messages that arrive; others are dropped. */
  readonly schema?: StandardSchema<Message>;
  /**
   * Keeps each channel in one shard of a cluster instead of sending every message to every node; patterns then do not
   * work.
   *
   * @default false
   */
  readonly sharded?: boolean;
}

/** Heard by who listens at that moment and kept for nobody: who was away, or reconnecting, has missed it. */
export interface AtMostOnce {
  /** Connections of this shard that were listening; on a cluster others may have heard it too. */
  readonly listeners: number;
}

/** Messages to whoever listens now; what must arrive goes through a stream. */
export function broadcast<Message>(definition: BroadcastDefinition<Message>): Definition<Broadcast<Message>> {
  checkName(definition.name);
  return { name: definition.name, open: (services) => new Broadcast(services, definition) };
}

export class Broadcast<Message> {
  readonly #services: Services;
  readonly #definition: BroadcastDefinition<Message>;
  readonly #codec: Codec<Message>;

  constructor(services: Services, definition: BroadcastDefinition<Message>) {
    this.#services = services;
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Sends to everybody who listens to the topic, at most once; a lost answer can send it twice. */
  async publish(topic: string, message: Message): Promise<AtMostOnce> {
    const { port, writeWithinMs } = this.#services;
    const channel = this.#channel(topic);
    const command = this.#definition.sharded ? 'SPUBLISH' : 'PUBLISH';
    const text = this.#codec.encode(message);
    const reply = await persist(() => port.call(channel, [command, channel, text]), writeWithinMs);
    return { listeners: Number(reply) };
  }

  /** Calls `listen` for each message of a topic, also after a failover, until the returned function is called. */
  subscribe(topic: string, listen: (message: Message, topic: string) => void): Promise<() => Promise<void>> {
    const kind = this.#definition.sharded ? 'shard' : 'channel';
    return this.#listen(kind, this.#channel(topic), (message) => listen(message, topic));
  }

  /** The same for all topics of this definition. */
  subscribeAll(listen: (message: Message, topic: string) => void): Promise<() => Promise<void>> {
    const start = `${this.#services.keyPrefix}${this.#definition.name}:`;
    return this.#listen('pattern', `${escapePattern(start)}*`, (message, channel) =>
      listen(message, decodeURIComponent(channel.slice(start.length + 1, -1)).replace(/^%$/, '')),
    );
  }

  #listen(
    kind: 'channel' | 'shard' | 'pattern',
    name: string,
    listen: (message: Message, channel: string) => void,
  ): Promise<() => Promise<void>> {
    const deliver = async (text: string, channel: string): Promise<void> => {
      const decoded = await this.#codec.decode(text);
      if (decoded !== undefined && decoded.value !== null) return listen(decoded.value, channel);
      this.#services.observe({ name: this.#definition.name, what: 'unreadable' });
    };
    return this.#services.port.subscribe(kind, name, (text, channel) => {
      deliver(text, channel).catch(() => {
        this.#services.observe({ name: this.#definition.name, what: 'listener-failed' });
      });
    });
  }

  #channel(topic: string): string {
    return `${this.#services.keyPrefix}${this.#definition.name}:{${encodeId([topic])}}`;
  }
}

function escapePattern(text: string): string {
  return text.replace(/[[\]*?\\]/g, '\\$&');
}

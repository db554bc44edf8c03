import { RedisError } from './errors.js';
import type { ChannelKind, Listener, RedisPort } from './port.js';
import { late, within } from './time.js';

/** A port, and word of when it is connected for the first time. */
export interface Begun {
  readonly port: RedisPort;
  readonly connected: Promise<void>;
}

interface Subscription {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly listener: Listener;
  end: () => Promise<void>;
}

// A check costs each primary one PING.
const everyMs = 500;
const maxRestMs = 8000;

/**
 * Watches over connections and replaces them all when a primary stays silent: a frozen server closes no connection, so
 * client libraries go on waiting for it after its replica has taken over. The new connections ask the seeds who is primary
 * now; they take over only when every primary answers on them, and bring the subscriptions along.
 */
export function supervise(first: Begun, begin: () => Begun, silentAfterMs: number): RedisPort {
  const supervisor = new Supervisor(first, begin, silentAfterMs);
  return {
    shardOf: (key) => supervisor.port.shardOf(key),
    get: (key) => supervisor.port.get(key),
    mget: (keys) => supervisor.port.mget(keys),
    run: (script, keys, args) => supervisor.port.run(script, keys, args),
    call: (key, words) => supervisor.port.call(key, words),
    callPrimaries: (words) => supervisor.port.callPrimaries(words),
    subscribe: (kind, name, listener) => supervisor.subscribe(kind, name, listener),
    primaries: () => supervisor.port.primaries(),
    track: (at, prefix, listener) => supervisor.port.track(at, prefix, listener),
    close: () => supervisor.end((port) => port.close()),
    destroy: () => supervisor.end((port) => port.destroy()),
  };
}

class Supervisor {
  port: RedisPort;
  readonly #begin: () => Begun;
  readonly #silentAfterMs: number;
  readonly #subscriptions = new Set<Subscription>();
  readonly #timer: NodeJS.Timeout;
  #replacement: RedisPort | undefined;
  #lastAnswer = performance.now();
  #restMs = 0;
  #restUntil = 0;
  #isChecking = false;
  #isEnded = false;

  constructor({ port, connected }: Begun, begin: () => Begun, silentAfterMs: number) {
    this.port = port;
    this.#begin = begin;
    this.#silentAfterMs = silentAfterMs;
    // Before the first connection there is nothing that could have fallen silent.
    let isConnected = false;
    connected.then(
      () => {
        isConnected = true;
        this.#lastAnswer = performance.now();
      },
      () => {},
    );
    this.#timer = setInterval(() => {
      if (isConnected && !this.#isChecking) void this.#check();
    }, everyMs);
    this.#timer.unref();
  }

  async subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>> {
    const port = this.port;
    const subscription: Subscription = { kind, name, listener, end: async () => {} };
    subscription.end = await this.#listen(port, subscription);
    this.#subscriptions.add(subscription);
    // Replaced while it was being asked.
    if (port !== this.port) subscription.end = await this.#listen(this.port, subscription);
    return async () => {
      this.#subscriptions.delete(subscription);
      await subscription.end();
    };
  }

  /** Ends what is in use and what is being made. */
  async end(how: (port: RedisPort) => Promise<void>): Promise<void> {
    this.#isEnded = true;
    clearInterval(this.#timer);
    await Promise.all([how(this.port), this.#replacement?.destroy()]);
  }

  async #check(): Promise<void> {
    this.#isChecking = true;
    try {
      // Half of the patience: a command that waits on the server for a second holds up the PING behind it.
      const isAnswered = await answers(this.port, this.#silentAfterMs / 2);
      const now = performance.now();
      if (isAnswered) {
        this.#lastAnswer = now;
        this.#restMs = 0;
      } else if (now - this.#lastAnswer >= this.#silentAfterMs && now >= this.#restUntil) {
        await this.#replace();
      }
    } finally {
      this.#isChecking = false;
    }
  }

  async #replace(): Promise<void> {
    const { port, connected } = this.#begin();
    this.#replacement = port;
    const isReady =
      (await within(connected, this.#silentAfterMs)) !== late && (await answers(port, this.#silentAfterMs));
    if (isReady && !this.#isEnded && (await this.#move(port))) return;
    this.#replacement = undefined;
    // Nobody has taken over yet: what still answers on the present connections is worth more than new ones.
    await within(port.destroy(), 1000);
    this.#restMs = Math.min(maxRestMs, Math.max(everyMs, this.#restMs * 2));
    this.#restUntil = performance.now() + this.#restMs;
  }

  /** Puts the new port in place of the old one; false where it cannot hear what the old one heard. */
  async #move(port: RedisPort): Promise<boolean> {
    const moved = await within(
      Promise.all(
        [...this.#subscriptions].map(async (one) => [one, await this.#listen(port, one)] as const),
      ).catch(() => late),
      this.#silentAfterMs,
    );
    if (moved === late || this.#isEnded) return false;
    for (const [subscription, end] of moved as readonly (readonly [Subscription, () => Promise<void>])[])
      subscription.end = end;
    const old = this.port;
    this.port = port;
    this.#replacement = undefined;
    this.#lastAnswer = performance.now();
    // Rejects what still waits on the old connections, so that it is asked again on the new ones.
    await within(old.destroy(), 1000);
    return true;
  }

  /** Hears only through the port in use, so that nothing is heard twice while two are connected. */
  #listen(port: RedisPort, { kind, name, listener }: Subscription): Promise<() => Promise<void>> {
    return port.subscribe(kind, name, (message, channel) => {
      if (port === this.port) listener(message, channel);
    });
  }
}

async function answers(port: RedisPort, withinMs: number): Promise<boolean> {
  try {
    return (await within(port.callPrimaries(['PING']), withinMs)) !== late;
  } catch (error) {
    // A refusal is an answer: the server is there, and new connections would hear the same.
    return error instanceof RedisError && error.code === 'redis/refused';
  }
}

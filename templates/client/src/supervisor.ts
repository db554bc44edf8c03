import { RedisError } from './errors.js';
import type { ChannelKind, Listener, RedisPort } from './port.js';
import { late, within } from './time.js';

/** A port, and word of when it is connected for the first time. */
export interface Begun {
  readonly port: RedisPort;
  readonly connected: Promise<void>;
  /** Drops the connections; what waits on them is rejected with `redis/unreachable`, as what may be asked again. */
  readonly drop: () => Promise<void>;
}

interface Subscription {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly listener: Listener;
  /** The port that it is heard through. */
  port: RedisPort | undefined;
  end: () => Promise<void>;
  isMoving: boolean;
  isEnded: boolean;
}

interface Heard {
  readonly one: Subscription;
  readonly end: () => Promise<void>;
}

// A check costs each primary one PING.
const everyMs = 500;
// How long new connections may take: the longer the silence has lasted, the more patience costs little.
const minAttemptMs = 1000;
const maxAttemptMs = 3000;
// A timer that fires so late says that this process was busy, and had no time to read answers.
const slackMs = 100;

/**
 * Watches over connections and replaces them all when a primary stays silent: a frozen server closes no connection, so
 * client libraries go on waiting for it after its replica has taken over. The new connections ask the seeds who is primary
 * now; they take over only when every primary answers on them, and bring the subscriptions along.
 */
export function supervise(first: Begun, begin: () => Begun, silentAfterMs: number): RedisPort {
  const supervisor = new Supervisor(first, begin, silentAfterMs);
  return {
    shardOf: (key) => supervisor.port.shardOf(key),
    read: (key, onText, onError) => supervisor.port.read(key, onText, onError),
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
  #dropPresent: () => Promise<void>;
  readonly #begin: () => Begun;
  readonly #silentAfterMs: number;
  readonly #subscriptions = new Set<Subscription>();
  readonly #timer: NodeJS.Timeout;
  #replacement: Begun | undefined;
  #silentSince: number | undefined;
  #isChecking = false;
  #isEnded = false;

  constructor({ port, connected, drop }: Begun, begin: () => Begun, silentAfterMs: number) {
    this.port = port;
    this.#dropPresent = drop;
    this.#begin = begin;
    this.#silentAfterMs = silentAfterMs;
    // Before the first connection there is nothing that could have fallen silent.
    let isConnected = false;
    connected.then(
      () => {
        isConnected = true;
      },
      () => {},
    );
    this.#timer = setInterval(() => {
      if (isConnected && !this.#isChecking) void this.#check();
    }, everyMs);
    this.#timer.unref();
  }

  async subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>> {
    const one: Subscription = {
      kind,
      name,
      listener,
      port: undefined,
      end: async () => {},
      isMoving: false,
      isEnded: false,
    };
    await this.#hear(one);
    this.#subscriptions.add(one);
    return async () => {
      one.isEnded = true;
      this.#subscriptions.delete(one);
      const { port } = one;
      await one.end().catch((error: unknown) => {
        // What was lost with its connections has ended as well.
        if (port === this.port) throw error;
      });
    };
  }

  /** Ends what is in use and what is being made. */
  async end(how: (port: RedisPort) => Promise<void>): Promise<void> {
    this.#isEnded = true;
    clearInterval(this.#timer);
    await Promise.all([how(this.port), this.#replacement?.drop()]);
  }

  async #check(): Promise<void> {
    this.#isChecking = true;
    try {
      const began = performance.now();
      // Half of the patience: a command that waits on the server for a second holds up the PING behind it.
      const patienceMs = this.#silentAfterMs / 2;
      const isAnswered = await answers(this.port, patienceMs);
      const now = performance.now();
      if (isAnswered) {
        this.#silentSince = undefined;
        this.#follow();
      } else if (now - began <= patienceMs + slackMs) {
        this.#silentSince ??= began;
        const silentMs = now - this.#silentSince;
        if (silentMs >= this.#silentAfterMs) await this.#replace(silentMs);
      }
    } finally {
      this.#isChecking = false;
    }
  }

  async #replace(silentMs: number): Promise<void> {
    const begun = this.#begin();
    this.#replacement = begun;
    const withinMs = Math.min(maxAttemptMs, Math.max(minAttemptMs, silentMs / 4));
    const heard = await within(this.#prepare(begun), withinMs);
    this.#replacement = undefined;
    if (Array.isArray(heard) && !this.#isEnded) return this.#moveTo(begun, heard);
    // Nobody has taken over yet: what still answers on the present connections is worth more than new ones.
    await within(begun.drop(), 1000);
  }

  /** Waits until every primary answers on new connections, and has the subscriptions listen on them ahead of their use. */
  async #prepare({ port, connected }: Begun): Promise<readonly Heard[] | undefined> {
    try {
      await connected;
      await port.callPrimaries(['PING']);
      const present = [...this.#subscriptions].filter((one) => one.port === this.port);
      return await Promise.all(present.map(async (one) => ({ one, end: await this.#listen(port, one) })));
    } catch {
      return undefined;
    }
  }

  async #moveTo({ port, drop }: Begun, heard: readonly Heard[]): Promise<void> {
    const dropOld = this.#dropPresent;
    this.port = port;
    this.#dropPresent = drop;
    this.#silentSince = undefined;
    for (const { one, end } of heard) void settle(one, port, end).catch(() => {});
    this.#follow();
    // Rejects what still waits on the old connections, so that it is asked again on the new ones.
    await within(dropOld(), 1000);
  }

  /** Subscriptions that began while another port was in use move to the present one. */
  #follow(): void {
    for (const one of this.#subscriptions)
      if (one.port !== this.port && !one.isMoving) this.#hear(one).catch(() => {});
  }

  /** Listens on the port in use, and again where that was replaced meanwhile. */
  async #hear(one: Subscription): Promise<void> {
    one.isMoving = true;
    try {
      while (one.port !== this.port && !one.isEnded) {
        const { port } = this;
        try {
          await settle(one, port, await this.#listen(port, one));
        } catch (error) {
          if (port === this.port) throw error;
        }
      }
    } finally {
      one.isMoving = false;
    }
  }

  /** Hears only through the port in use, so that nothing is heard twice while two are connected. */
  #listen(port: RedisPort, one: Subscription): Promise<() => Promise<void>> {
    return port.subscribe(one.kind, one.name, (message, channel) => {
      if (port === this.port && !one.isEnded) one.listener(message, channel);
    });
  }
}

async function settle(one: Subscription, port: RedisPort, end: () => Promise<void>): Promise<void> {
  one.port = port;
  one.end = end;
  // Ended while it was being asked for.
  if (one.isEnded) await end();
}

async function answers(port: RedisPort, withinMs: number): Promise<boolean> {
  try {
    return (await within(port.callPrimaries(['PING']), withinMs)) !== late;
  } catch (error) {
    // A refusal is an answer: the server is there, and new connections would hear the same.
    return error instanceof RedisError && error.code === 'redis/refused';
  }
}

import type { Address } from './description.js';
import { RedisError } from './errors.js';
import { FollowingTrack } from './following.js';
import type { ChannelKind, Listener, RedisPort, TrackListener } from './port.js';
import { Subscription } from './subscription.js';
import { late, within } from './time.js';

/** A port, and word of when it is connected for the first time. */
export interface Begun {
  readonly port: RedisPort;
  readonly connected: Promise<void>;
  /** Drops the connections; what waits on them is rejected with `redis/unreachable`, as what may be asked again. */
  readonly drop: () => Promise<void>;
  /** Whether connections that begin now would log in with another password. */
  readonly isOutdated: () => boolean;
}

interface Heard {
  readonly one: Subscription;
  readonly end: () => Promise<void>;
}

// A check costs each primary one PING.
const everyMs = 500;
// Every two seconds the files of passwords are looked at: it takes less than a PING.
const checksPerLook = 4;
// How long new connections may take: the longer the silence has lasted, the more patience costs little.
const minAttemptMs = 1000;
const maxAttemptMs = 3000;
// How long calls may take to end on connections that are given up because the password has changed.
const drainMs = 10_000;
// A timer that fires so late says that this process was busy, and had no time to read answers.
const slackMs = 100;

/**
 * Watches over connections and replaces them all when a primary stays silent: a frozen server closes no connection, so
 * client libraries go on waiting for it after its replica has taken over. The new connections ask the seeds who is primary
 * now; they take over only when every primary answers on them, and bring the subscriptions along.
 *
 * The same is done when the password has changed, but in peace: the present connections are closed when all calls on them
 * are answered.
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
    track: (at, prefix, listener) => supervisor.track(at, prefix, listener),
    close: () => supervisor.end((port) => port.close()),
    destroy: () => supervisor.end((port) => port.destroy()),
  };
}

class Supervisor {
  port: RedisPort;
  #present: Begun;
  readonly #begin: () => Begun;
  readonly #silentAfterMs: number;
  readonly #subscriptions = new Set<Subscription>();
  readonly #tracks = new Set<FollowingTrack>();
  readonly #timer: NodeJS.Timeout;
  #replacement: Begun | undefined;
  /** Given up, with calls on them that are not answered yet. */
  readonly #retiring = new Set<Begun>();
  #silentSince: number | undefined;
  #checks = 0;
  /** Before the first connection there is nothing that could have fallen silent. */
  #isConnected = false;
  #isChecking = false;
  #isEnded = false;

  constructor(first: Begun, begin: () => Begun, silentAfterMs: number) {
    this.port = first.port;
    this.#present = first;
    this.#begin = begin;
    this.#silentAfterMs = silentAfterMs;
    this.#awaitFirst();
    this.#timer = setInterval(() => {
      if (this.#isConnected && !this.#isChecking) void this.#check();
      else if (!this.#isConnected && this.#isDueForLook()) this.#beginAnew();
    }, everyMs);
    this.#timer.unref();
  }

  async subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>> {
    const one = new Subscription(kind, name, listener);
    await this.#hear(one);
    this.#subscriptions.add(one);
    return async () => {
      this.#subscriptions.delete(one);
      const { port } = one;
      await one.end().catch((error: unknown) => {
        // What was lost with its connections has ended as well.
        if (port === this.port) throw error;
      });
    };
  }

  track(at: Address, prefix: string, listener: TrackListener): FollowingTrack {
    const one = new FollowingTrack(this.port, { at, prefix, listener }, (gone) => this.#tracks.delete(gone));
    this.#tracks.add(one);
    return one;
  }

  /** Ends what is in use and what is being made. */
  async end(how: (port: RedisPort) => Promise<void>): Promise<void> {
    this.#isEnded = true;
    clearInterval(this.#timer);
    await Promise.all([
      how(this.port),
      this.#replacement?.drop(),
      ...[...this.#retiring].map(({ port }) => how(port)),
    ]);
  }

  /** Whether the password has changed, as far as it is time to look. */
  #isDueForLook(): boolean {
    return ++this.#checks % checksPerLook === 0 && this.#present.isOutdated();
  }

  #awaitFirst(): void {
    const begun = this.#present;
    const note = (): void => {
      this.#isConnected ||= begun === this.#present;
    };
    begun.connected.then(note, () => {});
  }

  /** Not connected yet, and by now it would never be. */
  #beginAnew(): void {
    const begun = this.#tryBegin();
    if (begun === undefined) return;
    void this.#use(begun).drop();
    this.#awaitFirst();
  }

  /** Undefined where the environment does not say how at the moment. */
  #tryBegin(): Begun | undefined {
    try {
      return this.#begin();
    } catch {
      return undefined;
    }
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
        if (this.#isDueForLook()) await this.#renew();
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
    const withinMs = Math.min(maxAttemptMs, Math.max(minAttemptMs, silentMs / 4));
    const made = await this.#attempt(withinMs, () => {});
    if (made === undefined) return;
    const old = this.#use(made.begun);
    for (const { one, end } of made.heard) void one.settle(made.begun.port, end).catch(() => {});
    this.#follow();
    // Rejects what still waits on the old connections, so that it is asked again on the new ones.
    await within(old.drop(), 1000);
  }

  /** Moves to connections that have logged in with the present password; no call is refused or asked twice. */
  async #renew(): Promise<void> {
    const made = await this.#attempt(maxAttemptMs, (one, port) => one.beginMove(port));
    if (made === undefined) {
      for (const one of this.#subscriptions) one.cancelMove();
      return;
    }
    const old = this.#use(made.begun);
    // Only in peace: what listens to a primary that is silent finds out by itself, and looks for the new one.
    for (const one of this.#tracks) one.moveTo(made.begun.port);
    this.#retiring.add(old);
    void this.#retire(old, made.heard);
  }

  async #retire(old: Begun, heard: readonly Heard[]): Promise<void> {
    await within(Promise.allSettled(heard.map(({ one, end }) => one.finishMove(end))), 1000);
    this.#follow();
    await within(
      old.port.close().catch(() => {}),
      drainMs,
    );
    await within(old.drop(), 1000);
    this.#retiring.delete(old);
  }

  /** New connections on which every primary answers, and that hear all subscriptions; undefined where that takes too long. */
  async #attempt(
    withinMs: number,
    prepare: (one: Subscription, port: RedisPort) => void,
  ): Promise<{ readonly begun: Begun; readonly heard: readonly Heard[] } | undefined> {
    const begun = this.#tryBegin();
    if (begun === undefined) return undefined;
    this.#replacement = begun;
    const heard = await within(this.#prepare(begun, prepare), withinMs);
    this.#replacement = undefined;
    if (Array.isArray(heard) && !this.#isEnded) return { begun, heard };
    // Nobody has taken over yet: what still answers on the present connections is worth more than new ones.
    await within(begun.drop(), 1000);
    return undefined;
  }

  async #prepare(
    { port, connected }: Begun,
    prepare: (one: Subscription, port: RedisPort) => void,
  ): Promise<readonly Heard[] | undefined> {
    try {
      await connected;
      await port.callPrimaries(['PING']);
      const present = [...this.#subscriptions].filter((one) => one.port === this.port);
      return await Promise.all(
        present.map(async (one) => {
          prepare(one, port);
          return { one, end: await one.listen(port) };
        }),
      );
    } catch {
      return undefined;
    }
  }

  /** Has all that is asked from now on go through new connections. Gives the old ones. */
  #use(begun: Begun): Begun {
    const old = this.#present;
    this.#present = begun;
    this.port = begun.port;
    this.#silentSince = undefined;
    return old;
  }

  /** Subscriptions that began while another port was in use move to the present one. */
  #follow(): void {
    for (const one of this.#subscriptions)
      if (one.port !== this.port && !one.isFollowing && !one.isMoving) this.#hear(one).catch(() => {});
  }

  /** Listens on the port in use, and again where that was replaced meanwhile. */
  async #hear(one: Subscription): Promise<void> {
    one.isFollowing = true;
    try {
      while (one.port !== this.port && !one.isEnded) {
        const { port } = this;
        try {
          await one.settle(port, await one.listen(port));
        } catch (error) {
          if (port === this.port) throw error;
        }
      }
    } finally {
      one.isFollowing = false;
    }
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

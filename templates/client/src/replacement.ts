import type { Begun } from './course.js';
import { RedisError } from './errors.js';
import type { Heard, Listening } from './listening.js';
import type { RedisPort } from './port.js';
import type { Subscription } from './subscription.js';
import { late, within } from './time.js';

/** New connections that are to take the place of the present ones. */
export interface Attempt {
  /** Throws where the environment does not say how at the moment. */
  readonly begin: () => Begun;
  readonly withinMs: number;
  /** Called for each subscription before it is heard through the new port as well. */
  readonly prepare: (one: Subscription, port: RedisPort) => void;
  /** Resolves when the new port may be used; rejects where it may not. */
  readonly isReady?: (port: RedisPort) => Promise<unknown>;
}

export interface Made {
  readonly begun: Begun;
  readonly heard: readonly Heard[];
}

// How long calls may take to end on connections that are given up in peace, and on those that were not answered of late.
const drainMs = 10_000;
const lostDrainMs = 500;

/** Makes new connections, and gives up old ones. */
export class Replacement {
  readonly #listening: Listening;
  #begun: Begun | undefined;
  /** Given up, with calls on them that are not answered yet. */
  readonly #retiring = new Set<Begun>();
  #isEnded = false;

  constructor(listening: Listening) {
    this.#listening = listening;
  }

  /** Connections on which every primary answers, and that hear all subscriptions; undefined where that takes too long. */
  async make({ withinMs, ...how }: Attempt): Promise<Made | undefined> {
    const begun = this.#isEnded ? undefined : tryTo(how.begin);
    if (begun === undefined) return undefined;
    this.#begun = begun;
    const heard = await within(this.#prepare(begun, how), withinMs);
    this.#begun = undefined;
    if (Array.isArray(heard) && !this.#isEnded) return { begun, heard };
    // Nobody has taken over yet: what still answers on the present connections is worth more than new ones.
    await within(begun.drop(), 1000);
    return undefined;
  }

  /**
   * Has subscriptions end on old connections and go on elsewhere, then closes them as soon as all calls are answered. Calls
   * that a library holds back for a server which is gone for good do not end by themselves.
   */
  async retire(old: Begun, heard: readonly Heard[], silentAfterMs: number): Promise<void> {
    this.#retiring.add(old);
    const answering = answers(old.port, silentAfterMs);
    await within(Promise.allSettled(heard.map(({ one, end }) => one.finishMove(end))), 1000);
    this.#listening.follow();
    await within(
      old.port.close().catch(() => {}),
      (await answering) ? drainMs : lostDrainMs,
    );
    await within(old.drop(), 1000);
    this.#retiring.delete(old);
  }

  /** Ends what is being made, and, in some way, what is being given up. */
  async end(how: (port: RedisPort) => Promise<void>): Promise<void> {
    this.#isEnded = true;
    await Promise.all([this.#begun?.drop(), ...[...this.#retiring].map(({ port }) => how(port))]);
  }

  async #prepare(
    { port, connected }: Begun,
    { prepare, isReady }: Pick<Attempt, 'prepare' | 'isReady'>,
  ): Promise<readonly Heard[] | undefined> {
    try {
      await connected;
      await port.callPrimaries(['PING']);
      await isReady?.(port);
      return await this.#listening.hearOn(port, (one) => prepare(one, port));
    } catch {
      return undefined;
    }
  }
}

/** Whether every primary answers in time. */
export async function answers(port: RedisPort, withinMs: number): Promise<boolean> {
  try {
    return (await within(port.callPrimaries(['PING']), withinMs)) !== late;
  } catch (error) {
    // A refusal is an answer: the server is there, and new connections would hear the same.
    return error instanceof RedisError && error.code === 'redis/refused';
  }
}

/** Undefined where it throws. */
export function tryTo<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

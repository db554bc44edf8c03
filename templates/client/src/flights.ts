import type { EntryKeys } from './keyspace.js';

/** An entry that was asked for and not found. */
export interface Missing<Id> {
  readonly id: Id;
  readonly keys: EntryKeys;
  /** The text that was found but could not be read, or nothing. */
  readonly unreadable: string;
  /** The names of its tags. */
  readonly tags: readonly string[];
}

export interface Landed<Value> {
  readonly value: Value | null;
  /** False when the key was invalidated during the load: good for who asked before, not for who came later. */
  readonly isCurrent: boolean;
}

/** A load under way, which any number of callers can wait for. */
export interface Flight<Id, Value> {
  readonly missing: Missing<Id>;
  readonly landed: Promise<Landed<Value>>;
  land(landed: Landed<Value>): void;
  fail(error: unknown): void;
}

/** The loads under way in this process, one for a key. */
export class Flights<Id, Value> {
  readonly #flights = new Map<string, Flight<Id, Value>>();

  find(keys: EntryKeys): Flight<Id, Value> | undefined {
    return this.#flights.get(keys.value);
  }

  /** Begins a flight that others find until it lands, fails or is detached. */
  start(missing: Missing<Id>): Flight<Id, Value> {
    const { promise, resolve, reject } = deferred<Landed<Value>>();
    const flight: Flight<Id, Value> = {
      missing,
      landed: promise,
      land: (landed) => {
        this.#forget(flight);
        resolve(landed);
      },
      fail: (error) => {
        this.#forget(flight);
        reject(error);
      },
    };
    this.#flights.set(missing.keys.value, flight);
    return flight;
  }

  /** Lets callers from now on start a new load instead of sharing the present one. */
  detach(keys: EntryKeys): void {
    this.#flights.delete(keys.value);
  }

  /** The same for all entries with a tag. */
  detachTagged(tag: string): void {
    for (const { missing } of [...this.#flights.values()])
      if (missing.tags.includes(tag)) this.detach(missing.keys);
  }

  /** The same for all entries. */
  detachAll(): void {
    this.#flights.clear();
  }

  /** Resolves when all that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#flights.values()].map((flight) => flight.landed));
  }

  #forget(flight: Flight<Id, Value>): void {
    // A detached flight may have a successor under the same key.
    if (this.find(flight.missing.keys) === flight) this.detach(flight.missing.keys);
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

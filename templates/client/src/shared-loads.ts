/**
 * What Redis showed a caller who found no value: the mark that stands in its place, or nothing at all. Undefined where Redis
 * did not answer.
 */
export type Seen = string | null | undefined;

/** Loads a value; it calls `begins` right before it asks the source, with the mark that Redis has by then. */
export type Loading<Value> = (begins: (mark: string | undefined) => void) => Promise<Value | null>;

interface Flight<Value> {
  readonly landed: Promise<Value | null>;
  mark: string | undefined;
  hasBegun: boolean;
}

/**
 * The loads under way in this process, one for a key. A caller shares one that has not yet asked the source, or one whose
 * mark is still the one in Redis: whoever changes a value, in whichever process, changes the mark, and callers from then on
 * do not get what was read before.
 */
export class SharedLoads<Value> {
  readonly #flights = new Map<string, Flight<Value>>();

  /** The load that a caller may share, or else a new one. */
  load(key: string, seen: Seen, run: Loading<Value>): Promise<Value | null> {
    const flight = this.#flights.get(key);
    const isShared = flight !== undefined && (!flight.hasBegun || seen === undefined || flight.mark === seen);
    return isShared ? flight.landed : this.#start(key, run);
  }

  /** Callers from now on do not share the load under way. */
  detach(key: string): void {
    this.#flights.delete(key);
  }

  /** Resolves when all that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#flights.values()].map(({ landed }) => landed));
  }

  #start(key: string, run: Loading<Value>): Promise<Value | null> {
    const begins = (mark: string | undefined): void => {
      flight.mark = mark;
      flight.hasBegun = true;
    };
    const landed = Promise.resolve()
      .then(() => run(begins))
      .finally(() => {
        // A detached flight may have a successor.
        if (this.#flights.get(key) === flight) this.detach(key);
      });
    const flight: Flight<Value> = { landed, mark: undefined, hasBegun: false };
    this.#flights.set(key, flight);
    return landed;
  }
}

/** Something that waits for an answer, linked to what waits before and after it. */
export interface Waiting {
  at: number;
  /** False once it was answered or missed. */
  isOpen: boolean;
  before: Waiting | undefined;
  after: Waiting | undefined;
  readonly onMiss: () => void;
}

/** Deadlines that all lie equally far ahead, on one timer: adding and dropping one costs two links, not a timer of its own. */
export class Deadlines {
  readonly #ms: number;
  /** The oldest is the first to fall due, since all wait equally long. */
  #oldest: Waiting | undefined;
  #newest: Waiting | undefined;
  #isArmed = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Calls `onMiss` after the time is up, unless it is dropped before. */
  add(onMiss: () => void): Waiting {
    const before = this.#newest;
    const at = performance.now() + this.#ms;
    const waiting: Waiting = { at, isOpen: true, before, after: undefined, onMiss };
    if (before === undefined) this.#oldest = waiting;
    else before.after = waiting;
    this.#newest = waiting;
    if (!this.#isArmed) this.#arm(this.#ms);
    return waiting;
  }

  /** Takes back a deadline; false if it was missed already. */
  drop(waiting: Waiting): boolean {
    if (!waiting.isOpen) return false;
    waiting.isOpen = false;
    const { before, after } = waiting;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
    // An old one would keep all that came after it from being collected.
    waiting.before = undefined;
    waiting.after = undefined;
    return true;
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    // A busy process fires timers before it reads its sockets: let answers that have arrived be read first.
    setTimeout(() => setImmediate(() => this.#sweep()), ms);
  }

  #sweep(): void {
    this.#isArmed = false;
    const now = performance.now();
    for (let first = this.#oldest; first !== undefined; first = this.#oldest) {
      if (first.at > now) {
        this.#arm(first.at - now);
        return;
      }
      this.drop(first);
      first.onMiss();
    }
  }
}

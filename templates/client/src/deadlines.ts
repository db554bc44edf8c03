/**
 * Deadlines that all lie equally far ahead, on one timer: adding and keeping one costs a set entry, not a timer of its own.
 */
export class Deadlines {
  readonly #ms: number;
  /** Oldest first, since all wait equally long. */
  readonly #waiting = new Set<{ readonly at: number; readonly onMiss: () => void }>();
  #isArmed = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Calls `onMiss` after the time is up, unless the returned function is called before. */
  add(onMiss: () => void): () => void {
    const entry = { at: performance.now() + this.#ms, onMiss };
    this.#waiting.add(entry);
    this.#arm(this.#ms);
    return () => this.#waiting.delete(entry);
  }

  #arm(ms: number): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    // A busy process fires timers before it reads its sockets: let answers that have arrived be read first.
    setTimeout(() => setImmediate(() => this.#sweep()), ms);
  }

  #sweep(): void {
    this.#isArmed = false;
    const now = performance.now();
    for (const entry of this.#waiting) {
      if (entry.at > now) {
        this.#arm(entry.at - now);
        return;
      }
      this.#waiting.delete(entry);
      entry.onMiss();
    }
  }
}

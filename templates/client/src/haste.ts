// How soon it is looked again, how long after the last trouble, and how slow that gets where nobody answers.
const pauseMs = 30;
const calmAfterMs = 500;
const longestPauseMs = 500;

/** Looks at once where there is trouble, and again and again until there was none for a while. */
export class Haste {
  readonly #look: () => Promise<boolean>;
  #timer: NodeJS.Timeout | undefined;
  #troubledAt = 0;
  #isStopped = false;

  /** `look` says whether it was answered, and must not reject. */
  constructor(look: () => Promise<boolean>) {
    this.#look = look;
  }

  /** Called for every call that fails, so it does little. */
  hurry(): void {
    this.#troubledAt = performance.now();
    if (!this.#isStopped) this.#timer ??= this.#lookIn(0, pauseMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number, nextMs: number): NodeJS.Timeout {
    const look = async (): Promise<void> => {
      const isAnswered = await this.#look();
      this.#timer = undefined;
      if (this.#isStopped || performance.now() - this.#troubledAt > calmAfterMs) return;
      // The look itself is such a call, and would go on at this pace for as long as an outage lasts.
      const afterMs = isAnswered ? pauseMs : Math.min(2 * nextMs, longestPauseMs);
      this.#timer = this.#lookIn(nextMs, afterMs);
    };
    return setTimeout(() => void look(), ms).unref();
  }
}

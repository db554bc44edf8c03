import { type Announcement, announcementName, canonical, parseAnnouncement } from './announcement.js';
import type { StackDescription } from './description.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { late, within } from './time.js';

// How long an answer is waited for; who asks comes again soon.
const patienceMs = 500;
// After how many tries it is told that nobody serves there, though somebody is.
const manyTries = 5;
// Pauses between tries to move to where nobody is yet, doubling from the first to the last.
const firstPauseMs = 100;
const longestPauseMs = 2000;

/** Looks for word that the stack has moved, and remembers what came of it. */
export class Lookout {
  readonly #home: StackDescription;
  readonly #key: string;
  readonly #tell: (error: Error) => void;
  readonly #done = new Set<string>();
  #seen: string | undefined;
  #found: Announcement | undefined;
  #failures = 0;
  #isTold = false;
  #failedAt = 0;
  #isForbidden = false;

  /** `home` is the stack that the code was written for; `tell` hears once of each announcement that cannot be followed. */
  constructor(home: StackDescription, tell: (error: Error) => void) {
    this.#home = home;
    this.#key = home.keyPrefix + announcementName;
    this.#tell = tell;
  }

  /** Looks through a port, for who uses the `present` stack, and says whether it was answered. Never rejects. */
  async look(port: RedisPort, present = port.stack()): Promise<boolean> {
    if (this.#isForbidden) return true;
    try {
      const text = await within(port.get(this.#key), patienceMs);
      if (text === late) return false;
      this.#note(text, present);
      return true;
    } catch (error) {
      return this.#isAnswer(error);
    }
  }

  /** The announcement to follow now; a failed try waits for longer where nobody is `urgent`. */
  due(isUrgent = false): Announcement | undefined {
    if (this.#found === undefined || this.#failures === 0) return this.#found;
    const pauseMs = isUrgent ? firstPauseMs : firstPauseMs * 2 ** (this.#failures - 1);
    const isOver = performance.now() - this.#failedAt >= Math.min(longestPauseMs, pauseMs);
    return isOver ? this.#found : undefined;
  }

  followed(found: Announcement): void {
    this.#done.add(nameOf(found));
    if (this.#found === found) this.#found = undefined;
  }

  /** Other connections may be allowed what the last ones were not. */
  askAnew(): void {
    this.#isForbidden = false;
  }

  /** Takes word that nobody could be reached there; without a cause, only that it is not time yet. */
  failed(found: Announcement, cause: unknown): void {
    if (this.#found !== found) return;
    this.#failures++;
    this.#failedAt = performance.now();
    if (this.#isTold || (cause === undefined && this.#failures < manyTries)) return;
    this.#isTold = true;
    const why = cause instanceof Error ? `: ${cause.message}` : ': it does not serve.';
    const message = `The stack says that it has moved, and cannot be used there${why}`;
    this.#tell(new RedisError('redis/not-moved', message, cause));
  }

  #note(text: string | null, present: StackDescription): void {
    if (text === this.#seen) return;
    this.#seen = text ?? undefined;
    this.#found = undefined;
    if (text === null) return;
    this.#failures = 0;
    this.#isTold = false;
    try {
      const found = parseAnnouncement(text, this.#home);
      // What was left behind once may still say so, and would lead in a circle.
      if (this.#done.has(nameOf(found))) return;
      if (canonical(found.stack) === canonical(present)) this.#done.add(nameOf(found));
      else this.#found = found;
    } catch (error) {
      this.#tell(error as RedisError);
    }
  }

  /** Who may not read the key is not told anything, and each try would stand in the server's log. */
  #isAnswer(error: unknown): boolean {
    if (!(error instanceof RedisError) || error.code !== 'redis/refused') return false;
    const said = error.cause instanceof Error ? error.cause.message : '';
    this.#isForbidden = said.startsWith('NOPERM');
    if (said.startsWith('WRONGTYPE')) this.#note(said, this.#home);
    return true;
  }
}

const nameOf = ({ id, stack }: Announcement): string => `${id} ${canonical(stack)}`;

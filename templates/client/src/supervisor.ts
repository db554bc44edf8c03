import { type Begun, type Course, type Hearing, Reserve } from './course.js';
import type { StackDescription } from './description.js';
import { Haste } from './haste.js';
import { LastPrimary } from './last-primary.js';
import { Listening } from './listening.js';
import { Lookout } from './lookout.js';
import type { RedisPort } from './port.js';
import { type Attempt, answers, Replacement, tryTo } from './replacement.js';
import { retryNow } from './retry.js';
import { untilServing } from './serving.js';
import { within } from './time.js';

/** Finds out how an announced stack is reached; rejects with `redis/bad-environment`. */
export type Finding = (stack: StackDescription) => Promise<Course>;

export interface Supervision {
  readonly hearing: Hearing;
  readonly silentAfterMs: number;
  /** Undefined where the stack is not to be followed to where it says that it has moved. */
  readonly find: Finding | undefined;
  readonly onMove: (course: Course) => void;
}

export interface Supervised {
  readonly port: RedisPort;
  /** To be told of calls that fail as they do where another server has taken over. */
  readonly onTrouble: () => void;
}

// A check costs each primary one PING.
const everyMs = 500;
// Every two seconds the files of passwords are looked at: it takes less than a PING.
const checksPerLook = 4;
// Every second it is asked whether the stack has moved: one GET.
const checksPerLookout = 2;
// How long new connections may take: the longer the silence has lasted, the more patience costs little.
const minAttemptMs = 1000;
const maxAttemptMs = 3000;
// A timer that fires so late says that this process was busy, and had no time to read answers.
const slackMs = 100;

/**
 * Watches over connections and replaces them all when a primary stays silent: a frozen server closes no connection, so
 * client libraries go on waiting for it after its replica has taken over. The new connections ask the seeds who is primary
 * now; they take over only when every primary answers on them, and bring the subscriptions along.
 *
 * The same is done when the password has changed, and when the stack says that it has moved, but in peace: the present
 * connections are closed when all calls on them are answered.
 */
export function supervise(first: Begun, course: Course, how: Supervision): Supervised {
  const supervisor = new Supervisor(first, course, how);
  const port: RedisPort = {
    stack: () => supervisor.port.stack(),
    shardOf: (key) => supervisor.port.shardOf(key),
    read: (key, onText, onError) => supervisor.port.read(key, onText, onError),
    get: (key) => supervisor.port.get(key),
    mget: (keys) => supervisor.port.mget(keys),
    run: (script, keys, args) => supervisor.port.run(script, keys, args),
    call: (key, words) => supervisor.port.call(key, words),
    callPrimaries: (words) => supervisor.port.callPrimaries(words),
    subscribe: (kind, name, listener) => supervisor.listening.subscribe(kind, name, listener),
    primaries: () => supervisor.port.primaries(),
    track: (at, prefix, listener) => supervisor.listening.track(at, prefix, listener),
    close: () => supervisor.end((one) => one.close()),
    destroy: () => supervisor.end((one) => one.destroy()),
  };
  return { port, onTrouble: () => supervisor.hurry() };
}

class Supervisor {
  port: RedisPort;
  readonly listening = new Listening(() => this.port);
  readonly #replacement = new Replacement(this.listening);
  readonly #haste = new Haste(() => this.#lookAtOnce());
  #present: Begun;
  #course: Course;
  readonly #how: Supervision;
  readonly #patienceMs: number;
  readonly #lookout: Lookout;
  readonly #lastPrimary = new LastPrimary();
  readonly #timer: NodeJS.Timeout;
  #silentSince: number | undefined;
  #checks = 0;
  /** Before the first connection there is nothing that could have fallen silent. */
  #isConnected = false;
  #isBusy = false;
  #isEnded = false;

  constructor(first: Begun, course: Course, how: Supervision) {
    this.port = first.port;
    this.#present = first;
    this.#course = course;
    this.#how = how;
    // Half of it: a command that waits on the server for a second holds up the PING behind it.
    this.#patienceMs = how.silentAfterMs / 2;
    this.#lookout = new Lookout(course.stack, how.hearing.tell);
    this.#awaitFirst();
    this.#timer = setInterval(() => {
      if (this.#isConnected) void this.#alone(() => this.#watch());
      else if (this.#isDueForLook()) this.#beginAnew();
    }, everyMs);
    this.#timer.unref();
  }

  /** Ends what is in use and what is being made. */
  async end(how: (port: RedisPort) => Promise<void>): Promise<void> {
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#haste.stop();
    await Promise.all([how(this.port), this.#replacement.end(how)]);
  }

  /** Looks at once whether the stack has moved, and again for as long as calls fail. */
  hurry(): void {
    if (this.#how.find !== undefined && this.#isConnected) this.#haste.hurry();
  }

  async #lookAtOnce(): Promise<boolean> {
    const { find } = this.#how;
    const present = this.port.stack();
    const isAnswered = await this.#lookout.look(this.port);
    if (!isAnswered && find !== undefined)
      await this.#lastPrimary.ask(present, find, (port) => this.#lookout.look(port, present));
    await this.#alone(() => this.#move(true));
    return isAnswered;
  }

  /** Does one thing after the other; what comes meanwhile comes again. */
  async #alone(work: () => Promise<unknown>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await work();
    } finally {
      this.#isBusy = false;
    }
  }

  /** Whether the password has changed, as far as it is time to look. */
  #isDueForLook(): boolean {
    return ++this.#checks % checksPerLook === 0 && this.#present.isOutdated();
  }

  #awaitFirst(): void {
    const begun = this.#present;
    const note = (): void => {
      if (begun !== this.#present) return;
      this.#isConnected = true;
      // Whoever starts after a move may know of the stack as it was.
      if (this.#how.find !== undefined) void this.#lookAtOnce();
    };
    begun.connected.then(note, () => {});
  }

  /** Not connected yet, and by now it would never be. */
  #beginAnew(): void {
    const begun = tryTo(() => this.#begin());
    if (begun === undefined) return;
    void this.#use(begun).drop();
    this.#awaitFirst();
  }

  /** Throws where the environment does not say how at the moment. */
  #begin(): Begun {
    return this.#course.begin(this.#how.hearing);
  }

  /** A silent server is asked again at once: libraries give up their own connections a second after we should have. */
  async #watch(): Promise<void> {
    while (await this.#isSilent()) if (this.#isEnded) return;
  }

  /** Asks once; true where an answer was waited for in vain, and connections were not replaced yet. */
  async #isSilent(): Promise<boolean> {
    const began = performance.now();
    const patienceMs = this.#patienceMs;
    const looking = this.#lookRegularly();
    const isAnswered = await answers(this.port, patienceMs);
    const now = performance.now();
    if (isAnswered) {
      this.#silentSince = undefined;
      this.listening.follow();
      if (this.#isDueForLook()) await this.#change({ begin: () => this.#begin() });
      await looking;
      await this.#move(false);
      return false;
    }
    // What took longer was this process, not the server.
    if (now - began > patienceMs + slackMs) return false;
    this.#silentSince ??= began;
    const silentMs = now - this.#silentSince;
    if (await this.#move(true)) return false;
    // A call that fails at once would be asked again at once, without end, and leave this process no time for anything.
    if (silentMs < this.#how.silentAfterMs) return now - began > patienceMs / 2;
    await this.#replace(silentMs);
    return false;
  }

  async #lookRegularly(): Promise<void> {
    if (this.#how.find === undefined || this.#checks % checksPerLookout !== 0) return;
    this.#lastPrimary.note(this.port);
    if (!(await this.#lookout.look(this.port))) this.hurry();
  }

  async #replace(silentMs: number): Promise<void> {
    const withinMs = Math.min(maxAttemptMs, Math.max(minAttemptMs, silentMs / 4));
    const made = await this.#replacement.make({ begin: () => this.#begin(), withinMs, prepare: () => {} });
    if (made === undefined) return;
    const old = this.#use(made.begun);
    for (const { one, end } of made.heard) void one.settle(made.begun.port, end).catch(() => {});
    this.listening.follow();
    // Rejects what still waits on the old connections, so that it is asked again on the new ones.
    await within(old.drop(), 1000);
  }

  /** Moves to where the stack says that it is, as soon as that has taken over, and says whether it did. */
  async #move(isUrgent: boolean): Promise<boolean> {
    const found = this.#lookout.due(isUrgent);
    const { find, hearing, onMove } = this.#how;
    if (found === undefined || find === undefined) return false;
    const reserve = new Reserve(hearing);
    try {
      const course = await find(found.stack);
      const begin = () => reserve.begin(course);
      reserve.isInUse = await this.#change({ begin, isReady: untilServing });
      if (!reserve.isInUse) throw reserve.lastError;
      this.#course = course;
      this.#lookout.followed(found);
      onMove(course);
    } catch (error) {
      this.#lookout.failed(found, error);
    }
    return reserve.isInUse;
  }

  /** Moves to new connections; no call is refused or asked twice. False where they could not be made. */
  async #change(how: Pick<Attempt, 'begin' | 'isReady'>): Promise<boolean> {
    const made = await this.#replacement.make({
      ...how,
      withinMs: maxAttemptMs,
      prepare: (one, port) => one.beginMove(port),
    });
    if (made === undefined) {
      this.listening.cancelMoves();
      return false;
    }
    const old = this.#use(made.begun);
    // Only in peace: what listens to a primary that is silent finds out by itself, and looks for the new one.
    this.listening.moveTracks(made.begun.port);
    void this.#replacement.retire(old, made.heard, this.#patienceMs);
    return true;
  }

  /** Has all that is asked from now on go through new connections. Gives the old ones. */
  #use(begun: Begun): Begun {
    const old = this.#present;
    this.#present = begun;
    this.port = begun.port;
    this.#silentSince = undefined;
    this.#lookout.askAnew();
    retryNow();
    return old;
  }
}

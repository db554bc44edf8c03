import { setTimeout as sleep } from 'node:timers/promises';
import { Notes } from './account.ts';
import { isRefusal } from './refusal.ts';
import type { Driver, Ledger, Progress, WriterOptions, Written } from './types.ts';

const HOT_KEYS = 20;
/** Of twenty writes in a row. */
const UNIQUE_TILL = 12;
const HOT_TILL = 17;
const COUNTER_TILL = 19;
/** What a stall left undone is not made up for in one burst. */
const CATCH_UP_MS = 50;
const RETRY_MS = 5;
/** How long the last calls may take when the writer is told to stop. */
const LAST_CALLS_MS = 10_000;

const now = (): number => performance.timeOrigin + performance.now();

/** A call that somebody waits for. */
interface UnderWay {
  /** How many connections broke meanwhile. */
  breaks: number;
  /** Whose counter it counts up. */
  readonly counting: Lane | undefined;
}

class Lane {
  readonly unique = new Map<string, readonly [value: string, at: number]>();
  /** All keys of `unique` there ever were. */
  readonly keys: string[] = [];
  readonly deleted = new Map<string, number>();
  readonly acknowledged: number[] = Array.from({ length: HOT_KEYS }, () => 0);
  readonly tried: number[] = Array.from({ length: HOT_KEYS }, () => 0);
  counted = 0;
  unsure = 0;
  issued = 0;
}

/**
 * Writes at a steady rate through whatever driver there is, keeps what was acknowledged, and asks again what was rejected
 * until it is acknowledged. A worker waits for each of its writes, so that the order of those to one key is known.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #lanes: readonly Lane[];
  readonly #underWay = new Set<UnderWay>();
  readonly #notes = new Notes();
  #driver: Driver;
  #isStopping = false;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(driver: Driver, options: WriterOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#lanes = Array.from({ length: options.workers }, () => new Lane());
  }

  begin(): void {
    this.#running = Promise.all(this.#lanes.map((lane, index) => this.#work(lane, index)));
  }

  /** A connection has ended; what was under way may or may not have taken place. */
  broken(error: unknown): void {
    this.#notes.note(error, now());
    // Which of them were on that connection, no library tells.
    for (const call of this.#underWay) call.breaks++;
  }

  /** From now on everything is asked through another client, as after a deployment; gives the one before. */
  use(driver: Driver): Driver {
    const before = this.#driver;
    this.#driver = driver;
    return before;
  }

  progress(): Progress {
    return { acknowledged: this.#notes.acknowledged, failed: this.#notes.failed };
  }

  async stop(): Promise<Written> {
    this.#isStopping = true;
    const patience = new AbortController();
    await Promise.race([
      this.#running,
      sleep(LAST_CALLS_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    this.#isOver = true;
    await this.#driver.close();
    // What hung is rejected with its client.
    await Promise.race([this.#running, sleep(1000)]);
    return { account: this.#notes.account(), ledger: this.#ledger() };
  }

  async #work(lane: Lane, index: number): Promise<void> {
    const everyMs = (1000 * this.#options.workers) / this.#options.rate;
    let due = now() + Math.random() * everyMs;
    for (let turn = 0; !this.#isStopping; turn++) {
      const early = due - now();
      if (early > 1) await sleep(early);
      await this.#write(lane, index, turn % 20, due);
      due = Math.max(due + everyMs, now() - CATCH_UP_MS);
    }
  }

  async #write(lane: Lane, index: number, turn: number, due: number): Promise<void> {
    if (turn < UNIQUE_TILL) return this.#writeUnique(lane, index, due);
    if (turn < HOT_TILL) return this.#writeHot(lane, index, due);
    if (turn < COUNTER_TILL) return this.#count(lane, index, due);
    return this.#delete(lane, due);
  }

  async #writeUnique(lane: Lane, index: number, due: number): Promise<void> {
    const number = lane.issued++;
    const key = this.#key('u', index, number);
    const value = `value ${index} ${number}`;
    const at = await this.#persist((driver) => driver.set(key, value), due);
    if (at === undefined) return;
    lane.unique.set(key, [value, at]);
    lane.keys.push(key);
  }

  async #writeHot(lane: Lane, index: number, due: number): Promise<void> {
    const which = Math.floor(Math.random() * HOT_KEYS);
    const version = (lane.tried[which] ?? 0) + 1;
    lane.tried[which] = version;
    const at = await this.#persist(
      (driver) => driver.set(this.#key('h', index, which), String(version)),
      due,
    );
    if (at !== undefined) lane.acknowledged[which] = version;
  }

  async #count(lane: Lane, index: number, due: number): Promise<void> {
    const at = await this.#persist((driver) => driver.incr(this.#key('c', index, 0)), due, lane);
    if (at !== undefined) lane.counted++;
  }

  async #delete(lane: Lane, due: number): Promise<void> {
    const key = lane.keys[Math.floor(Math.random() * lane.keys.length)];
    // From the first attempt on, nobody may expect the key to be there.
    if (key === undefined || !lane.unique.delete(key)) return;
    const at = await this.#persist((driver) => driver.del(key), due);
    if (at !== undefined) lane.deleted.set(key, at);
  }

  /** Asks until it is acknowledged; gives when, or nothing where the writer was stopped before. */
  async #persist(
    ask: (driver: Driver) => Promise<unknown>,
    due: number,
    counting?: Lane,
  ): Promise<number | undefined> {
    for (;;) {
      const at = await this.#attempt(ask, counting);
      if (at !== undefined) {
        this.#notes.acknowledge(due, at);
        return at;
      }
      if (this.#isStopping) {
        this.#notes.giveUp(due, now());
        return undefined;
      }
      await sleep(RETRY_MS);
    }
  }

  async #attempt(
    ask: (driver: Driver) => Promise<unknown>,
    counting: Lane | undefined,
  ): Promise<number | undefined> {
    const call: UnderWay = { breaks: 0, counting };
    this.#underWay.add(call);
    try {
      await ask(this.#driver);
      return this.#isOver ? undefined : now();
    } catch (error) {
      if (call.breaks === 0 && !isRefusal(error)) call.breaks = 1;
      this.#notes.fail(error, now());
      return undefined;
    } finally {
      this.#underWay.delete(call);
      this.#settle(call);
    }
  }

  #settle({ breaks, counting }: UnderWay): void {
    if (breaks > 0) this.#notes.unsure++;
    // A library may send a call again with each connection; an answer after the end is not looked at.
    if (counting) counting.unsure += breaks + (this.#isOver ? 1 : 0);
  }

  #key(kind: string, index: number, number: number): string {
    return `${this.#options.keyPrefix}${kind}:${index}:${number}`;
  }

  #ledger(): Ledger {
    const lanes = this.#lanes;
    return {
      unique: lanes.flatMap(({ unique }) =>
        [...unique].map(([key, [value, at]]) => [key, value, at] as const),
      ),
      deleted: lanes.flatMap(({ deleted }) => [...deleted]),
      hot: lanes.flatMap(({ acknowledged, tried }, index) =>
        tried.map((most, i) => [this.#key('h', index, i), acknowledged[i] ?? 0, most] as const),
      ),
      counters: lanes.map((lane, index) => {
        // Not even the end of their client has ended these.
        const hanging = [...this.#underWay].filter(({ counting }) => counting === lane).length;
        return [this.#key('c', index, 0), lane.counted, lane.unsure + hanging] as const;
      }),
    };
  }
}

import { randomUUID } from 'node:crypto';
import type { Access } from './access.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { pairsOf } from './replies.js';
import type { Delivery } from './stream-scripts.js';
import * as scripts from './stream-scripts.js';
import { within } from './time.js';

export interface GroupReaderOptions {
  readonly access: Access;
  readonly log: string;
  readonly dead: string;
  readonly group: string;
  readonly from: 'start' | 'now';
  /** How long a consumer may be silent before others take its entries over, in milliseconds. */
  readonly silentMs: number;
  readonly retryMs: number;
  /** 0 has the caller count deliveries and give up. */
  readonly maxDeliveries: number;
  /** How many dead entries are kept; 0 keeps all. */
  readonly maxDead: number;
  /** How many entries are kept beyond what groups need; -1 where they are deleted one by one. */
  readonly keep: number;
}

// For people to read, and kept in memory.
const longestReason = 1000;

/** One consumer of a group: reads what is new, and takes over what others left and what is due for its next try. */
export class GroupReader {
  readonly #options: GroupReaderOptions;
  readonly #consumer = randomUUID();
  /** Where the group would have to begin if the server lost it. */
  #position: string;
  #isJoined = false;
  #cursor = '0-0';
  #claimAt = 0;
  #tidyAt = 0;

  constructor(options: GroupReaderOptions) {
    // Redis takes whole milliseconds.
    this.#options = { ...options, silentMs: Math.ceil(options.silentMs) };
    this.#position = options.from === 'start' ? '0' : '$';
  }

  /** What is due now, or else what is new; waits for it on the server for a second at most. Empty where there is nothing. */
  async next(port: RedisPort, count: number): Promise<readonly Delivery[]> {
    const due = await this.due(port, count);
    if (due.length > 0) return due;
    return this.fresh(port, count, Math.max(1, Math.ceil(this.#claimAt - performance.now())));
  }

  /** What consumers left that are silent, and what failed and has paused; looked for every `claimEveryMs`. */
  async due(port: RedisPort, count: number): Promise<readonly Delivery[]> {
    if (performance.now() < this.#claimAt) return [];
    return this.#inGroup(port, async () => {
      const { log, dead, group, silentMs, maxDeliveries, maxDead } = this.#options;
      const args = [group, this.#consumer, silentMs, count, this.#cursor, maxDeliveries, maxDead];
      const { cursor, buried, deliveries } = await port.run(scripts.claim, [log, dead], args.map(String));
      this.#cursor = cursor;
      if (cursor === '0-0') this.#claimAt = performance.now() + this.claimEveryMs;
      for (let i = 0; i < buried; i++) this.#tell('dead-letter');
      for (let i = 0; i < deliveries.length; i++) this.#tell('claimed');
      return deliveries;
    });
  }

  /** What nobody of the group has seen; waits for it on the server where `waitMs` is above 0. */
  fresh(port: RedisPort, count: number, waitMs: number): Promise<readonly Delivery[]> {
    return this.#inGroup(port, async () => {
      if (performance.now() >= this.#tidyAt) await this.#tidy(port);
      const { log, group } = this.#options;
      const head = ['XREADGROUP', 'GROUP', group, this.#consumer, 'COUNT', String(count)] as const;
      const wait = waitMs > 0 ? ['BLOCK', String(waitMs)] : [];
      const reply = await port.call(log, [...head, ...wait, 'STREAMS', log, '>']);
      const entries = pairsOf(reply).flatMap(([, found]) => scripts.entriesOf(found));
      return entries.map((entry) => ({ ...entry, count: 1 }));
    });
  }

  /** How often it is looked for what is due. */
  get claimEveryMs(): number {
    const { retryMs, silentMs } = this.#options;
    return Math.max(10, Math.min(1000, retryMs / 2, silentMs / 4));
  }

  /** The pause before the next try, in milliseconds: doubling, and no longer than a consumer may be silent. */
  pauseMs(count: number): number {
    const { retryMs, silentMs } = this.#options;
    return Math.min(silentMs, retryMs * 2 ** Math.min(20, Math.max(0, count - 1)));
  }

  async acknowledge(id: string): Promise<void> {
    const { access, log, group } = this.#options;
    await access.call(log, ['XACK', log, group, id]);
  }

  /** Lets anybody have entries after a pause; `count` is how often they will have been delivered by then. */
  async giveBack(ids: readonly string[], pauseMs: number, count: number): Promise<void> {
    if (ids.length === 0) return;
    const { access, log, group, silentMs } = this.#options;
    const idleMs = Math.max(0, Math.round(silentMs - pauseMs));
    const args = [group, this.#consumer, String(idleMs), String(Math.max(0, count)), ...ids];
    await access.run(scripts.giveBack, [log], args);
  }

  /** Moves an entry to the dead ones. */
  async giveUp(id: string, error: unknown): Promise<boolean> {
    const { access, log, dead, group, maxDead, keep } = this.#options;
    const reason = String(error instanceof Error ? error.message : error).slice(0, longestReason);
    const args = [group, this.#consumer, id, reason, String(maxDead), keep < 0 ? '1' : '0'];
    const isGivenUp = await access.run(scripts.giveUp, [log, dead], args);
    if (isGivenUp) this.#tell('dead-letter', error);
    return isGivenUp;
  }

  /** Keeps saying that this consumer is alive, for the ids that `held` gives; returns the way to stop. */
  keepRenewing(port: RedisPort, held: () => readonly string[], onLost: (id: string) => void): () => void {
    const { log, group, silentMs } = this.#options;
    const renew = async (): Promise<void> => {
      const ids = held();
      if (ids.length === 0) return;
      const lost = await port.run(scripts.renew, [log], [group, this.#consumer, ...ids]);
      lost.forEach(onLost);
    };
    // What is missed is made up by the next one.
    const timer = setInterval(() => void renew().catch(() => {}), silentMs / 4);
    return () => clearInterval(timer);
  }

  /** Gives back what was handed over and never seen, and forgets the consumer; without an answer others do it later. */
  async leave(): Promise<void> {
    if (!this.#isJoined) return;
    const { access, log, group, silentMs } = this.#options;
    const left = access.services.port.run(scripts.leave, [log], [group, this.#consumer, String(silentMs)]);
    await within(
      left.catch(() => false),
      1000,
    );
  }

  /** The name of this consumer. */
  get consumer(): string {
    return this.#consumer;
  }

  async #inGroup<T>(port: RedisPort, ask: () => Promise<T>): Promise<T> {
    try {
      if (!this.#isJoined) await this.#join(port);
      return await ask();
    } catch (error) {
      if (error instanceof RedisError && error.message.includes('NOGROUP')) this.#isJoined = false;
      // During an outage nobody could say that it is alive: they get the time to do so.
      this.#claimAt = performance.now() + this.#options.silentMs / 2;
      throw error;
    }
  }

  /** A failover can lose a group that had just been made, and a flush loses every one. */
  async #join(port: RedisPort): Promise<void> {
    const { log, group } = this.#options;
    const isNew = await port.run(scripts.join, [log], [group, this.#position]);
    this.#isJoined = true;
    if (isNew) this.#tell('group-made');
  }

  async #tidy(port: RedisPort): Promise<void> {
    const { log, group, silentMs, keep } = this.#options;
    const position = await port.run(scripts.tidy, [log], [group, String(2 * silentMs), String(keep)]);
    // Where entries are deleted once they are done, all that is there is still to be done.
    if (keep >= 0) this.#position = position;
    this.#tidyAt = performance.now() + Math.min(silentMs, 5000);
  }

  #tell(what: string, error?: unknown): void {
    const { services, name } = this.#options.access;
    services.observe({ name, what, ...(error === undefined ? {} : { error }) });
  }
}

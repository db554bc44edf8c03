import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import type { Words } from '../../redis/connection.ts';
import { Refusal } from './links.ts';
import type { KeySize } from './pace.ts';
import type { Pair } from './pair.ts';
import { patiently } from './patience.ts';

/** Keys looked at in one go. */
const LOOK = 100;

/** Copies of which nobody knows whether they arrived: the source did not say that it gave these keys away. */
export interface Doubts {
  readonly database: number;
  readonly keys: readonly Buffer[];
  /** True where the source said, at that very moment, that it kept all of them. */
  readonly kept: boolean;
}

/** An order failed half-way. What became of its keys is to be settled before any other. */
export class Interrupted extends Error {
  readonly doubts: Doubts;

  constructor(doubts: Doubts, cause: Error) {
    super(cause.message, { cause });
    this.doubts = doubts;
  }
}

/** Sends all keys of a slot that is open on both sides. False where the signal came first; the slot is then open still. */
export async function drainSlot(pair: Pair, slot: number, mayStop: () => boolean): Promise<boolean> {
  for (const database of await databasesWith(pair, slot)) {
    const drain = new Drain(pair, slot, database);
    if (!(await drain.run(mayStop))) return false;
  }
  return true;
}

/** Databases that have keys of the slot. */
async function databasesWith(pair: Pair, slot: number): Promise<readonly number[]> {
  if (pair.databases === 1) return [0];
  const all = Array.from({ length: pair.databases }, (_, database) => database);
  const questions = all.flatMap((database) => [
    ['SELECT', String(database)],
    ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)],
  ]);
  const replies = await pair.links.batch(pair.source.primary, questions);
  return all.filter((database) => Number(replies[2 * database + 1]) > 0);
}

class Drain {
  readonly #pair: Pair;
  readonly #slot: string;
  readonly #database: number;
  readonly #sizes = new Map<string, number>();
  /** Milliseconds of rest that are still to be taken: timers know whole ones only. */
  #owed = 0;

  constructor(pair: Pair, slot: number, database: number) {
    this.#pair = pair;
    this.#slot = String(slot);
    this.#database = database;
  }

  async run(mayStop: () => boolean): Promise<boolean> {
    let keys = await this.#look();
    while (keys.length > 0) {
      if (mayStop()) return false;
      const group = this.#pair.pace.group(await this.#measure(keys));
      keys = await this.#send(group, false);
      await this.#rest();
    }
    return true;
  }

  async #ask(...commands: readonly Words[]): Promise<readonly unknown[]> {
    const { links, source, databases } = this.#pair;
    if (databases === 1) return links.batch(source.primary, commands);
    const [, ...replies] = await links.batch(source.primary, [this.#select, ...commands]);
    return replies;
  }

  get #select(): Words {
    return ['SELECT', String(this.#database)];
  }

  get #remaining(): Words {
    return ['CLUSTER', 'GETKEYSINSLOT', this.#slot, String(LOOK)];
  }

  async #look(): Promise<readonly Buffer[]> {
    const [reply] = await this.#ask(this.#remaining);
    return keysIn(reply);
  }

  /** Sizes of keys that were not seen before are asked for; a key that is gone meanwhile has none. */
  async #measure(keys: readonly Buffer[]): Promise<readonly KeySize[]> {
    const fresh = keys.filter((key) => !this.#sizes.has(key.toString('latin1')));
    const replies = fresh.length > 0 ? await this.#ask(...fresh.map((key) => ['MEMORY', 'USAGE', key])) : [];
    for (const [i, key] of fresh.entries())
      this.#sizes.set(key.toString('latin1'), typeof replies[i] === 'number' ? replies[i] : 0);
    return keys.map((key) => ({ key, bytes: this.#sizes.get(key.toString('latin1')) ?? 0 }));
  }

  /** Gives the keys that are left, as far as one look tells. */
  async #send(group: readonly KeySize[], replace: boolean): Promise<readonly Buffer[]> {
    const pair = this.#pair;
    const begun = performance.now();
    const [reply, left] = await this.#order(group, replace);
    const ms = performance.now() - begun;
    this.#owed += ms * pair.rest;
    if (!(reply instanceof Error)) {
      pair.pace.note(group, ms);
      if (String(reply) === 'OK') pair.tally.noteKeys(group, ms);
      return keysIn(left);
    }
    // A copy from an interruption: the source is who knows the key, for until it gives it away it alone takes writes.
    if (/BUSYKEY/.test(reply.message) && !replace) {
      pair.tally.repeated += 1;
      return this.#send(group, true);
    }
    refuseWhereFull(pair, reply);
    const still = new Set(keysIn(left).map((key) => key.toString('latin1')));
    const keys = group.map(({ key }) => key).filter((key) => still.has(key.toString('latin1')));
    throw new Interrupted({ database: this.#database, keys, kept: true }, new Refusal(reply.message));
  }

  /** The look comes with the order, so that nobody is served in between: after a failure it tells which keys stayed. */
  async #order(group: readonly KeySize[], replace: boolean): Promise<readonly unknown[]> {
    const pair = this.#pair;
    const expected = pair.pace.expectMs(group);
    const timeoutMs = Math.round(Math.max(Math.min(1000, pair.nodeTimeoutMs / 2), 4 * expected));
    const commands = [this.#migrate(group, replace, timeoutMs), this.#remaining];
    const keys = group.map(({ key }) => key);
    try {
      if (expected < pair.nodeTimeoutMs / 4) return await this.#ask(...commands);
      return await patiently(pair, 4 * expected, async () => {
        const all = [this.#select, ...commands].slice(pair.databases === 1 ? 1 : 0);
        return (await pair.links.once(pair.source.primary, all, 5000 + 2 * timeoutMs)).slice(-2);
      });
    } catch (error) {
      throw new Interrupted({ database: this.#database, keys, kept: false }, error as Error);
    }
  }

  #migrate(group: readonly KeySize[], replace: boolean, timeoutMs: number): Words {
    const { target, credentials } = this.#pair;
    const { host, port } = target.primary.inside;
    const login = credentials.password ? ['AUTH2', credentials.username, credentials.password] : [];
    const keys = group.map(({ key }) => key);
    const how = [...(replace ? ['REPLACE'] : []), ...login];
    return [
      'MIGRATE',
      host,
      String(port),
      '',
      String(this.#database),
      String(timeoutMs),
      ...how,
      'KEYS',
      ...keys,
    ];
  }

  async #rest(): Promise<void> {
    if (this.#owed < 1) return;
    const ms = Math.min(this.#owed, 100);
    this.#owed = 0;
    await sleep(ms);
  }
}

function refuseWhereFull(pair: Pair, reply: Error): void {
  if (!/OOM/.test(reply.message)) return;
  throw new ProblemError(
    problem(
      'migrate/target-full',
      pair.target.primary.name,
      `It takes no more keys: ${reply.message}.`,
      'Give it more memory (`maxmemory`), and run the same command once more.',
    ),
  );
}

/** A list of texts as bytes; anything else is none. */
export function keysIn(reply: unknown): readonly Buffer[] {
  return Array.isArray(reply) ? reply.filter((key): key is Buffer => Buffer.isBuffer(key)) : [];
}

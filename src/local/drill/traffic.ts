import { setTimeout as sleep } from 'node:timers/promises';
import { Replicas } from '../../../templates/client/src/replicas.ts';
import type { Acknowledged, Answer } from './account.ts';
import type { ApplicationClient } from './client.ts';

export interface TrafficOptions {
  readonly client: ApplicationClient;
  /** What the stack puts before every key. */
  readonly keyPrefix: string;
  /** Tells the keys of this run from all others. */
  readonly run: string;
  /** Writes a second, and as many reads. */
  readonly rate: number;
  /** Replicas that must have a write before it counts as acknowledged; 0 for none. */
  readonly waitReplicas: number;
}

/** Hash tags that keys take turns with: enough that every shard of any cluster has many. */
const TAGS = 1000;
/** Keys of a drill that was killed end by themselves. */
const TTL_MS = 3_600_000;
/** As `writeWithinMs` of the client by default. */
const CONFIRM_WITHIN_MS = 20_000;
/** More calls under way would measure the memory of this process. */
const MAX_UNDER_WAY = 5000;
const TICK_MS = 10;

/** Writes and reads without a pause, at a steady rate, whether or not earlier calls have been answered. */
export class Traffic {
  readonly acknowledged: Acknowledged[] = [];
  readonly reads: Answer[] = [];
  /** One for each share of the data, as they were when it began. */
  readonly groups: readonly string[];
  givenUp = 0;
  /** Why the last write was given up. */
  refusal: string | undefined;
  readonly #options: TrafficOptions;
  readonly #groupOfTag: readonly string[];
  readonly #replicas: ReadonlyMap<string, Replicas>;
  /** The latest acknowledged key of each group. */
  readonly #latest = new Map<string, string>();
  readonly #underWay = new Set<Promise<void>>();
  #issued = 0;
  #isEnding = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TrafficOptions) {
    const { client, keyPrefix, waitReplicas } = options;
    this.#options = options;
    const groupOf = (tag: number) => client.port.shardOf(keyPrefix + this.#key(tag));
    this.#groupOfTag = Array.from({ length: TAGS }, (_, tag) => groupOf(tag));
    this.groups = [...new Set(this.#groupOfTag)];
    const keyIn = (group: string) => keyPrefix + this.#key(this.#groupOfTag.indexOf(group));
    this.#replicas = new Map(
      this.groups.map((group) => [group, new Replicas(client.port, keyIn(group), waitReplicas)]),
    );
  }

  begin(): void {
    this.#running = this.#go();
  }

  /** Begins nothing more, and comes back when every call has ended, well or badly. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await Promise.all(this.#underWay);
  }

  /** The keys of all writes, acknowledged or not. */
  keys(): readonly string[] {
    return Array.from({ length: this.#issued }, (_, n) => this.#key(n));
  }

  async #go(): Promise<void> {
    const began = performance.now();
    while (!this.#isEnding) {
      const due = ((performance.now() - began) / 1000) * this.#options.rate;
      // What a stall of this process left undone is not made up for in one burst.
      const most = this.#issued + this.#options.rate / 10;
      while (this.#issued < Math.min(due, most) && this.#underWay.size < MAX_UNDER_WAY) this.#issue();
      await sleep(TICK_MS);
    }
  }

  #issue(): void {
    const n = this.#issued++;
    this.#track(this.#write(n));
    const group = this.#groupOf(n);
    const key = this.#latest.get(group);
    if (key !== undefined) this.#track(this.#read(key, group));
  }

  #track(call: Promise<void>): void {
    this.#underWay.add(call);
    void call.finally(() => this.#underWay.delete(call));
  }

  async #write(n: number): Promise<void> {
    const key = this.#key(n);
    const value = `${this.#options.run} ${n}`;
    const group = this.#groupOf(n);
    try {
      await (this.#options.waitReplicas > 0 ? this.#confirm(key, value, group) : this.#set(key, value));
      this.acknowledged.push({ key, value, group, at: performance.now() });
      this.#latest.set(group, key);
    } catch (error) {
      this.givenUp++;
      this.refusal = (error as Error).message;
    }
  }

  #set(key: string, value: string): Promise<void> {
    return this.#options.client.redis.direct.set(key, value, { ttlMs: TTL_MS });
  }

  /**
   * Acknowledged by the replicas as well. WAIT speaks for the connection that it is sent on, so after a failover it would
   * be content with a write that the new primary has never seen: that one is asked whether it has it.
   */
  async #confirm(key: string, value: string, group: string): Promise<void> {
    const end = performance.now() + CONFIRM_WITHIN_MS;
    const { direct } = this.#options.client.redis;
    while (performance.now() < end) {
      await this.#set(key, value);
      const isConfirmed = await this.#replicas
        .get(group)
        ?.confirmed()
        .catch(() => false);
      if (isConfirmed && (await direct.get(key)) === value) return;
    }
    throw new Error(`not confirmed by ${this.#options.waitReplicas} replicas`);
  }

  async #read(key: string, group: string): Promise<void> {
    try {
      await this.#options.client.redis.direct.get(key);
      this.reads.push({ group, at: performance.now() });
    } catch {
      // No answer is what a gap is made of.
    }
  }

  #groupOf(n: number): string {
    return this.#groupOfTag[n % TAGS] ?? '';
  }

  #key(n: number): string {
    return `drill:${this.#options.run}:{${n % TAGS}}:${n}`;
  }
}

/** What these keys hold now, as far as they can be read: no further than to where the stack does not answer. */
export async function readBack(
  { redis }: ApplicationClient,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const present = new Map<string, string | null>();
  try {
    await inTurns(keys, async (key) => void present.set(key, await redis.direct.get(key)));
  } catch {
    // What is missing in the answer says so.
  }
  return present;
}

/** Deletes keys without holding the server up. What cannot be deleted now ends by itself. */
export async function forget(
  { port }: ApplicationClient,
  keyPrefix: string,
  keys: readonly string[],
): Promise<void> {
  await inTurns(keys, async (key) => {
    const full = keyPrefix + key;
    await port.call(full, ['UNLINK', full]).catch(() => undefined);
  });
}

async function inTurns(keys: readonly string[], each: (key: string) => Promise<void>): Promise<void> {
  for (let start = 0; start < keys.length; start += 200)
    await Promise.all(keys.slice(start, start + 200).map(each));
}

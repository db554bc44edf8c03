import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from '@redis/client';
import { Cluster as IoCluster } from 'ioredis';

export type Library = 'ioredis' | 'node-redis';

interface Client {
  send(key: string, ...words: readonly string[]): Promise<unknown>;
  close(): void;
}

export async function connect(library: Library, ports: readonly number[], password: string): Promise<Client> {
  if (library === 'ioredis') {
    const cluster = new IoCluster(
      ports.map((port) => ({ host: '127.0.0.1', port })),
      { redisOptions: { password } },
    );
    cluster.on('error', () => undefined);
    await cluster.ping();
    return {
      send: (_, name = '', ...args) => cluster.call(name, ...args),
      close: () => cluster.disconnect(),
    };
  }
  const cluster = createCluster({
    rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
    defaults: { password },
  });
  cluster.on('error', () => undefined);
  await cluster.connect();
  return {
    send: (key, ...words) => cluster.sendCommand(key, false, [...words]),
    close: () => cluster.destroy(),
  };
}

export interface Account {
  readonly acknowledged: number;
  /** Keys whose acknowledged value is not there. */
  readonly lost: readonly string[];
  /** Keys that are there after an acknowledged DEL. */
  readonly resurrected: readonly string[];
  /** Counters that are not what was acknowledged: name, acknowledged, found. */
  readonly wrong: readonly (readonly [string, number, number])[];
  /** What calls that failed said. */
  readonly failures: readonly string[];
  /** The longest time between two acknowledged writes, in ms. */
  readonly gapMs: number;
}

const WORKERS = 6;
const COUNTERS = 48;
const EVERY_MS = 4;

/** Writes without pause and keeps account of every acknowledged write: unique keys, counters, deletes. */
export class Writer {
  readonly #client: Client;
  readonly #values = new Map<string, string>();
  readonly #deleted = new Set<string>();
  readonly #counters = new Map<string, number>();
  /** What failed may or may not have happened. */
  readonly #unsure = new Set<string>();
  readonly #failures: string[] = [];
  readonly #workers: Promise<void>[];
  #on = true;
  #acknowledged = 0;
  #last = performance.now();
  #gapMs = 0;

  constructor(client: Client) {
    this.#client = client;
    this.#workers = Array.from({ length: WORKERS }, (_, worker) => this.#work(worker));
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Ends and reads everything back through a client of its own. */
  async account(reader: Client): Promise<Account> {
    this.#on = false;
    await Promise.all(this.#workers);
    const sure = (keys: Iterable<string>) => [...keys].filter((key) => !this.#unsure.has(key));
    const lost: string[] = [];
    for (const key of sure(this.#values.keys()))
      if (String(await reader.send(key, 'GET', key)) !== this.#values.get(key)) lost.push(key);
    const resurrected: string[] = [];
    for (const key of sure(this.#deleted))
      if ((await reader.send(key, 'EXISTS', key)) !== 0) resurrected.push(key);
    const wrong: (readonly [string, number, number])[] = [];
    for (const [key, count] of this.#counters) {
      const found = Number(await reader.send(key, 'GET', key));
      if (this.#unsure.has(key) ? found < count : found !== count) wrong.push([key, count, found]);
    }
    return {
      acknowledged: this.#acknowledged,
      lost,
      resurrected,
      wrong,
      failures: this.#failures,
      gapMs: this.#gapMs,
    };
  }

  async #work(worker: number): Promise<void> {
    for (let n = 0; this.#on; n += 1) {
      await this.#write(`unique:${worker}:${n}`, n);
      const counter = `counter:${n % COUNTERS}`;
      if (await this.#call(counter, 'INCR', counter))
        this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + 1);
      // Some soon after they were written, some long after: their slots have moved meanwhile.
      if (n % 3 === 0) await this.#delete(`unique:${worker}:${n > 3 ? Math.floor(n / 2) : 0}`);
      await sleep(EVERY_MS);
    }
  }

  async #write(key: string, n: number): Promise<void> {
    const value = `value ${n}`;
    if (await this.#call(key, 'SET', key, value)) this.#values.set(key, value);
  }

  async #delete(key: string): Promise<void> {
    if (!this.#values.delete(key)) return;
    if (await this.#call(key, 'DEL', key)) this.#deleted.add(key);
  }

  async #call(key: string, ...words: readonly string[]): Promise<boolean> {
    try {
      await this.#client.send(key, ...words);
    } catch (error) {
      this.#failures.push((error as Error).message);
      this.#unsure.add(key);
      return false;
    }
    this.#acknowledged += 1;
    const now = performance.now();
    this.#gapMs = Math.max(this.#gapMs, now - this.#last);
    this.#last = now;
    return true;
  }
}

/** Keys `seed:0`, `seed:1`, ... of several kinds, each with a value that follows from its number. */
export async function seed(client: Client, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, count - from) }, (_, i) => {
        const key = `seed:${from + i}`;
        return (from + i) % 10 === 0
          ? client.send(key, 'HSET', key, 'name', `value ${from + i}`)
          : client.send(key, 'SET', key, `value ${from + i}`);
      }),
    );
}

/** How many of these keys do not have their value. */
export async function missingSeeds(client: Client, count: number): Promise<number> {
  let missing = 0;
  for (let from = 0; from < count; from += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, count - from) }, async (_, i) => {
        const key = `seed:${from + i}`;
        const words = (from + i) % 10 === 0 ? ['HGET', key, 'name'] : ['GET', key];
        if (String(await client.send(key, ...words)) !== `value ${from + i}`) missing += 1;
      }),
    );
  return missing;
}

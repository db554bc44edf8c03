import type { Services } from './definition.js';
import { RedisError } from './errors.js';
import type { RedisPort } from './port.js';
import { Replicas } from './replicas.js';
import { persist } from './retry.js';
import type { Shard } from './write-behind-flusher.js';
import { change } from './write-behind-scripts.js';

/** Where an entry is. */
export interface Place {
  readonly shard: Shard;
  /** The key of its value. */
  readonly value: string;
  /** The parts of its key as the application gave them. */
  readonly parts: readonly string[];
}

/** Writes changes, and where it is told to, waits until replicas have them. */
export class ChangeWriter {
  readonly #services: Services;
  readonly #count: number;
  readonly #replicas = new Map<Shard, Replicas>();
  #own: Promise<RedisPort> | undefined;
  /** Also where a failover has brought back an earlier state, and a clock that is behind, versions go on from here. */
  #highest = 0;

  constructor(services: Services, replicas: number) {
    this.#services = services;
    this.#count = replicas;
  }

  /** Gives the version; rejects with `redis/deadline`. */
  async write(place: Place, json: string): Promise<number> {
    const { port, writeWithinMs } = this.#services;
    const write = () => (this.#count === 0 ? this.#put(port, place, json) : this.#putTwice(place, json));
    const version = await persist(write, writeWithinMs);
    this.#highest = Math.max(this.#highest, version);
    return version;
  }

  #put(port: RedisPort, { shard, value, parts }: Place, json: string): Promise<number> {
    const args = [json, JSON.stringify(parts), String(this.#highest)];
    return port.run(change, [value, shard.log, shard.clock], args);
  }

  /** Here and on the replicas. */
  async #putTwice(place: Place, json: string): Promise<number> {
    const port = await this.#connectOwn();
    const version = await this.#put(port, place, json);
    const { shard, value } = place;
    const replicas = this.#replicas.get(shard) ?? new Replicas(port, shard.log, this.#count);
    this.#replicas.set(shard, replicas);
    // After a failover another server may have confirmed what it never had: so it is looked for as well.
    if ((await replicas.confirmed()) && (await versionAt(port, value)) >= version) return version;
    throw new RedisError('redis/unreachable', `${this.#count} replicas did not confirm in time.`);
  }

  /** A connection of its own: waiting for replicas holds up whatever else is asked on it. */
  #connectOwn(): Promise<RedisPort> {
    this.#own ??= this.#services.connectOwn().catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }
}

/** The version of the value that is there, 0 where there is none. */
async function versionAt(port: RedisPort, key: string): Promise<number> {
  const head = String(await port.call(key, ['GETRANGE', key, '0', '31']));
  return Number(/^\d+/.exec(head)?.[0] ?? 0);
}

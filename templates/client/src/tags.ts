import { randomUUID } from 'node:crypto';
import type { Services } from './definition.js';
import { encodeId } from './names.js';
import { persist } from './retry.js';
import { createVersion } from './scripts.js';

/**
 * Versions of tags, each in a key of its own. An entry remembers the versions that its tags had before it was loaded, and
 * is valid while they are the same: invalidating a tag costs one write however many entries have it, and there is no index
 * that could grow or fall behind. A version that Redis lost makes entries invalid, never valid.
 */
export class Tags {
  readonly #services: Services;
  readonly #prefix: string;
  readonly #keepMs: number;
  /** Versions that are being asked for in this very tick. */
  readonly #asked = new Map<string, Promise<string | null>>();

  /** `keepMs` is how long an entry can live, in milliseconds: a version is kept at least as long. */
  constructor(services: Services, name: string, keepMs: number) {
    this.#services = services;
    this.#prefix = `${services.keyPrefix}${name}:tag:`;
    this.#keepMs = keepMs;
  }

  /** The versions in the order of `tags`, `null` for one that has none. */
  async read(tags: readonly string[]): Promise<(string | null)[]> {
    return Promise.all(tags.map((tag) => this.#read(this.#key(tag))));
  }

  /** The versions in the order of `tags`; those that have none get one. */
  async ensure(tags: readonly string[]): Promise<string[]> {
    const { guard, port } = this.#services;
    return Promise.all(
      tags.map((tag) =>
        guard.run(this.#key(tag), () =>
          port.run(createVersion, [this.#key(tag)], [String(this.#keepMs), randomUUID(), '0']),
        ),
      ),
    );
  }

  /** Gives a tag a new version; rejects if Redis does not confirm in time. */
  async invalidate(tag: string): Promise<void> {
    const { port, writeWithinMs } = this.#services;
    const args = [String(this.#keepMs), randomUUID(), '1'];
    await persist(() => port.run(createVersion, [this.#key(tag)], args), writeWithinMs);
  }

  #key(tag: string): string {
    return `${this.#prefix}{${encodeId([tag])}}`;
  }

  /**
   * Readers of one tick share a question. It goes out after whatever they have heard of before, so that none of them gets a
   * version from before an invalidation that it knows of.
   */
  #read(key: string): Promise<string | null> {
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    const { guard, port } = this.#services;
    const asking = guard.run(key, () => port.get(key));
    if (this.#asked.size === 0) process.nextTick(() => this.#asked.clear());
    this.#asked.set(key, asking);
    return asking;
  }
}

import { randomBytes } from 'node:crypto';
import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { checkMs, checkName } from './names.js';
import { maybeTextsOf } from './replies.js';
import type { StandardSchema } from './schema.js';
import { isOne, script } from './scripts.js';

export interface SessionsDefinition<Data> {
  readonly name: string;
  /** How long a session lasts after it was last touched, in milliseconds. */
  readonly ttlMs: number;
  /** Checks data that is read; a session that fails is none. */
  readonly schema?: StandardSchema<Data>;
}

export interface Session<Data> {
  readonly id: string;
  readonly data: Data;
  /** Changes with every write; `update` refuses an old one. */
  readonly version: number;
}

/** KEYS: session. ARGV: data, lifetime. False where the id is taken, also by a session that has ended. */
const create = script<boolean>(
  `if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'version', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`,
  isOne,
);

/** KEYS: session. ARGV: data, lifetime, version that was read. */
const compareAndSet = script<boolean>(
  `if redis.call('HGET', KEYS[1], 'version') ~= ARGV[3] or redis.call('HEXISTS', KEYS[1], 'data') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'version', ARGV[3] + 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`,
  isOne,
);

/** KEYS: session. ARGV: lifetime of the tombstone. */
const destroy = script<boolean>(
  `local was = redis.call('HEXISTS', KEYS[1], 'data')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return was`,
  isOne,
);

/** KEYS: session. ARGV: lifetime. */
const touch = script<boolean>(
  `if redis.call('HEXISTS', KEYS[1], 'data') == 0 then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`,
  isOne,
);

// Longer than a request that began before the logout can take.
const tombstoneMs = 60_000;

/** Sessions of a web application. */
export function sessions<Data>(definition: SessionsDefinition<Data>): Definition<Sessions<Data>> {
  checkName(definition.name);
  checkMs(definition.name, 'ttlMs', definition.ttlMs);
  return { name: definition.name, open: (services) => new Sessions(services, definition) };
}

/**
 * Sessions that two requests at once do not overwrite, and that a late request does not bring back after the logout.
 */
export class Sessions<Data> {
  readonly #access: Access;
  readonly #definition: SessionsDefinition<Data>;
  readonly #codec: Codec<Data>;

  constructor(services: Services, definition: SessionsDefinition<Data>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#codec = new Codec(definition.schema);
  }

  /** Begins a session under a new id of 256 random bits. */
  async create(data: Data): Promise<Session<Data>> {
    const id = randomBytes(32).toString('base64url');
    await this.#access.run(
      create,
      [this.#key(id)],
      [this.#codec.encode(data), String(this.#definition.ttlMs)],
    );
    return { id, data, version: 1 };
  }

  /** The session, `null` where it has ended, was destroyed, never was, or is not what the schema describes. */
  async read(id: string): Promise<Session<Data> | null> {
    const key = this.#key(id);
    const [text, version] = maybeTextsOf(await this.#access.call(key, ['HMGET', key, 'data', 'version']));
    const decoded = typeof text === 'string' ? await this.#codec.decode(text) : undefined;
    if (decoded === undefined || decoded.value === null) return null;
    return { id, data: decoded.value, version: Number(version) };
  }

  /**
   * Replaces the data where nobody has changed it since it was read, and gives the new session; `null` where somebody has,
   * or the session is gone: read it again.
   */
  async update(session: Session<Data>, data: Data): Promise<Session<Data> | null> {
    const { id, version } = session;
    const args = [this.#codec.encode(data), String(this.#definition.ttlMs), String(version)];
    const done = await this.#access.run(compareAndSet, [this.#key(id)], args);
    return done ? { id, data, version: version + 1 } : null;
  }

  /** Has the session last anew without changing it; false where there is none. */
  touch(id: string): Promise<boolean> {
    return this.#access.run(touch, [this.#key(id)], [String(this.#definition.ttlMs)]);
  }

  /** Ends the session; a write that comes late does not bring it back. */
  destroy(id: string): Promise<boolean> {
    return this.#access.run(destroy, [this.#key(id)], [String(tombstoneMs)]);
  }

  #key(id: string): string {
    return this.#access.key([id]);
  }
}

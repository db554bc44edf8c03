import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Access } from './access.js';
import { Codec } from './codec.js';
import type { Definition, Services } from './definition.js';
import { RedisError } from './errors.js';
import { badUse, checkMs, checkName } from './names.js';
import type { StandardSchema } from './schema.js';
import { createSession, endSession, replaceSession, sessionOf, touchSession } from './session-scripts.js';

export interface SessionsDefinition<Data> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** How long a session lasts after it was last written or touched, in milliseconds. */
  readonly ttlMs: number;
  /**
   * How long a session lasts at most, however often it is touched, in milliseconds by the server's clock.
   *
   * @default Infinity
   */
  readonly maxLifetimeMs?: number;
  /**
   * Checks the data: what is read and fails is no session, and what fails is not written.
   *
   * @default data is trusted
   */
  readonly schema?: StandardSchema<Data>;
}

export interface Session<Data> {
  /** For the cookie: 43 characters of base64url, made of 256 random bits. */
  readonly id: string;
  readonly data: Data;
  /** Changes with every write; `replace` refuses an old one. */
  readonly version: string;
  /** When it began, in milliseconds since 1970 by the server's clock. */
  readonly startedMs: number;
}

// Longer than a command can wait in a frozen server or process: a `create` that comes late finds the tombstone.
const shortestTombstoneMs = 60_000;
const maxTries = 20;

const newId = () => randomBytes(32).toString('base64url');
const newVersion = () => randomBytes(12).toString('base64url');

/** Only such an id can be one of ours; cookies contain anything. */
const isId = (id: unknown): id is string => typeof id === 'string' && /^[\w-]{43}$/.test(id);

/** Sessions of a web application. Throws `redis/bad-use` if the definition cannot work. */
export function sessions<Data>(definition: SessionsDefinition<Data>): Definition<Sessions<Data>> {
  const { name, ttlMs, maxLifetimeMs = Number.POSITIVE_INFINITY } = definition;
  checkName(name);
  checkMs(name, 'ttlMs', ttlMs);
  if (maxLifetimeMs !== Number.POSITIVE_INFINITY) checkMs(name, 'maxLifetimeMs', maxLifetimeMs);
  if (maxLifetimeMs < ttlMs) throw badUse(`'${name}' has a maxLifetimeMs below its ttlMs.`);
  return { name, open: (services) => new Sessions(services, definition) };
}

/**
 * Sessions that two requests at once do not overwrite, and that a late request does not bring back after the logout.
 *
 * Every call is repeated through restarts and failovers and rejects with `redis/deadline` after `writeWithinMs`; repeating
 * does not apply a write twice. A text that is no id of a session, such as a forged cookie, is a session that is not there.
 */
export class Sessions<Data> {
  readonly #access: Access;
  readonly #name: string;
  readonly #codec: Codec<Data>;
  readonly #lifetimes: readonly [ttlMs: string, maxMs: string];
  readonly #tombstoneMs: string;

  constructor(services: Services, { name, ttlMs, maxLifetimeMs, schema }: SessionsDefinition<Data>) {
    const maxMs = Number.isFinite(maxLifetimeMs) ? Math.round(maxLifetimeMs ?? 0) : 0;
    this.#access = new Access(services, name);
    this.#name = name;
    this.#codec = new Codec(schema);
    this.#lifetimes = [String(Math.round(ttlMs)), String(maxMs)];
    this.#tombstoneMs = String(Math.max(shortestTombstoneMs, 2 * services.writeWithinMs));
  }

  /** Begins a session under a new id. Rejects with `redis/bad-use` for data that could not be read again. */
  async create(data: Data): Promise<Session<Data>> {
    const session = await this.#create(data, '');
    if (session !== null) return session;
    throw new RedisError('redis/conflict', `'${this.#name}' made an id that is taken.`);
  }

  /** The session, not touched; `null` where it has ended, was destroyed, never was, or is not what the schema describes. */
  async read(id: string): Promise<Session<Data> | null> {
    if (!isId(id)) return null;
    const key = this.#key(id);
    const found = sessionOf(await this.#access.call(key, ['HMGET', key, 'data', 'version', 'began']));
    const decoded = found && (await this.#codec.decode(found.text));
    if (!decoded || decoded.value === null) return null;
    return { id, data: decoded.value, version: found.version, startedMs: found.startedMs };
  }

  /**
   * Replaces the data and has the session last anew, where nobody has written it since it was read; `null` where somebody has
   * or it is gone. Rejects with `redis/bad-use` for data that could not be read again.
   */
  async replace(session: Session<Data>, data: Data): Promise<Session<Data> | null> {
    if (!isId(session.id)) return null;
    const version = newVersion();
    const args = [...this.#lifetimes, await this.#encode(data), version, session.version];
    const isDone = await this.#access.run(replaceSession, [this.#key(session.id)], args);
    return isDone ? { ...session, data, version } : null;
  }

  /**
   * Reads the session, replaces its data by what `change` makes of it, and begins again where another one was quicker; so
   * `change` may run several times and should do nothing else. Gives `null` where there is no session; rejects with the error
   * of `change`, or with `redis/conflict` after 20 tries.
   */
  async update(id: string, change: (data: Data) => Data | Promise<Data>): Promise<Session<Data> | null> {
    for (let tries = 0; tries < maxTries; tries++) {
      const session = await this.read(id);
      if (session === null) return null;
      const changed = await this.replace(session, await change(session.data));
      if (changed !== null) return changed;
      // Spread, so that those who met do not meet again.
      await sleep(Math.random() * Math.min(100, 5 * 2 ** tries));
    }
    throw new RedisError(
      'redis/conflict',
      `'${this.#name}' was changed by others in each of ${maxTries} tries.`,
    );
  }

  /** Has the session last anew without changing it; false where there is none. */
  async touch(id: string): Promise<boolean> {
    return isId(id) && this.#access.run(touchSession, [this.#key(id)], this.#lifetimes);
  }

  /**
   * Gives the session a new id and ends the old one, so that who has planted or learnt the old id before a login has nothing.
   * It keeps its absolute end; requests under way with the old id find no session. `null` where it was written since it was
   * read or is gone: read it again.
   *
   * The two ids live in different slots, so this is two steps: first the new session, whose id nobody knows yet, then the end
   * of the old one, which is refused where that has changed. Where the second step rejects, the old session may still be
   * there, with its old data; the new one ends by itself.
   */
  async regenerate(session: Session<Data>, data: Data = session.data): Promise<Session<Data> | null> {
    if (!isId(session.id)) return null;
    const next = await this.#create(data, String(session.startedMs));
    if (next === null) return null;
    if (await this.#end(session.id, session.version)) return next;
    await this.#end(next.id, '');
    return null;
  }

  /** Ends the session for good: no write that was begun before brings it back. False where there is none. */
  async destroy(id: string): Promise<boolean> {
    return isId(id) && this.#end(id, '');
  }

  async #create(data: Data, began: string): Promise<Session<Data> | null> {
    const [id, version] = [newId(), newVersion()];
    const args = [...this.#lifetimes, await this.#encode(data), version, began];
    const startedMs = await this.#access.run(createSession, [this.#key(id)], args);
    return startedMs === null ? null : { id, data, version, startedMs };
  }

  #end(id: string, version: string): Promise<boolean> {
    return this.#access.run(endSession, [this.#key(id)], [newVersion(), this.#tombstoneMs, version]);
  }

  /** Data that reads back as no session would log its owner out. */
  async #encode(data: Data): Promise<string> {
    const text = this.#codec.encode(data);
    const decoded = await this.#codec.decode(text);
    if (decoded === undefined || decoded.value === null)
      throw badUse(`'${this.#name}' was given data that could not be read again.`);
    return text;
  }

  #key(id: string): string {
    return this.#access.key([id]);
  }
}

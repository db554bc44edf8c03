export type RedisErrorCode =
  /** The environment lacks something, or says something that cannot be read. */
  | 'redis/bad-environment'
  /** A keyspace, a key or a loader's answer breaks a rule of this module: a mistake in the code that calls it. */
  | 'redis/bad-use'
  /** No connection within the time allowed. */
  | 'redis/unreachable'
  /** No answer within the time allowed; a write may or may not have happened. */
  | 'redis/deadline'
  /** Not asked, because Redis did not answer a moment ago. */
  | 'redis/breaker-open'
  /** Not asked, because too many questions are still waiting for an answer. */
  | 'redis/overloaded'
  /** A loader took longer than its `hardTimeoutMs`. */
  | 'redis/load-timeout'
  /** Another one holds the lock. */
  | 'redis/locked'
  /** The lock ended while it was held. */
  | 'redis/lock-lost'
  /** The server drops keys when it is full, and this must not be dropped. */
  | 'redis/may-evict'
  /** Redis answered with an error; its words are in `cause`. */
  | 'redis/refused'
  /** The connection was closed by `close()`. */
  | 'redis/closed';

/** What this module throws; switch on `code`, which is stable, and show `message`, which is not. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly code: RedisErrorCode;

  constructor(code: RedisErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

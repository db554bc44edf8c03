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
  /** A writer took longer than its `hardTimeoutMs`; the source may have the value all the same. */
  | 'redis/write-timeout'
  /** The source has the change, and Redis did not confirm it: readers may see the old value until its lifetime ends. */
  | 'redis/unconfirmed'
  /** Another one holds the lock. */
  | 'redis/locked'
  /** The lock ended while it was held. */
  | 'redis/lock-lost'
  /** A handler took longer than its `handleWithinMs`. */
  | 'redis/handler-timeout'
  /** The item in hand was given to another worker because one of the two was not heard of in time. */
  | 'redis/item-lost'
  /** Others changed it each time between reading and writing. */
  | 'redis/conflict'
  /** The server drops keys when it is full, and this must not be dropped. */
  | 'redis/may-evict'
  /** The server's release has no such command. */
  | 'redis/unsupported'
  /** The stack says that it has moved, and the client could not follow: it stays where it is, and goes on trying. */
  | 'redis/not-moved'
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

import { badUse, checkMs, checkName, type KeyPart } from './names.js';
import { integerText } from './numbers.js';
import type { StandardSchema } from './schema.js';
import type { WriteBehindContext, WriteBehindFlush } from './write-behind-flusher.js';

export interface WriteBehindDefinition<Id, Value> {
  /** Part of every key, such as `cart`: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What tells one entry from another. Parts are encoded, so any text is safe; `flush` gets them as texts. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * Checks values when they are put, which rejects with `redis/bad-use`, and when they come back. A change that it does not
   * accept any more goes to the dead ones; `get` then asks `load`. Values are kept as JSON.
   *
   * @default values are trusted
   */
  readonly schema?: StandardSchema<Value>;
  /** How long a value is kept after the source has it, in milliseconds; before that it does not end. */
  readonly ttlMs: number;
  /**
   * How far lifetimes are spread, as a share of them, so that entries made together do not end together.
   *
   * @default 0.1
   */
  readonly jitter?: number;
  /**
   * Writes changes to the source: each key at most once, with its latest value. It is called again with the same changes
   * when it rejects, when it takes too long and when its process dies, and two calls may overlap, so it must write only
   * where the source has a lower version, and keep the version of what was removed as well.
   */
  readonly flush: WriteBehindFlush<Value>;
  /**
   * Reads from the source what Redis does not have; `null` and `undefined` mean that there is none.
   *
   * @default what Redis does not have is absent
   */
  readonly load?: (id: Id, context: WriteBehindContext) => Promise<Value | null | undefined>;
  /**
   * How long it is remembered that the source has no value, in milliseconds.
   *
   * @default 10000, or `ttlMs` if that is less
   */
  readonly negativeTtlMs?: number;
  /**
   * How long `load` may take, in milliseconds; then its signal is aborted and `get` rejects with `redis/load-timeout`.
   *
   * @default 10000
   */
  readonly hardTimeoutMs?: number;
  /**
   * How many streams the changes are spread over, 1 to 64, each flushed on its own: so many calls of `flush`, and as many
   * again for what failed before, go on at a time in each worker. It is fixed by the first use; another number is refused
   * with `redis/bad-use`.
   *
   * @default 8
   */
  readonly shards?: number;
  /**
   * How many changes `flush` gets at most, 1 to 1000.
   *
   * @default 200
   */
  readonly batch?: number;
  /**
   * How long a change waits for others, in milliseconds; more than one change of a key in that time become one.
   *
   * @default 100
   */
  readonly maxDelayMs?: number;
  /**
   * How long `flush` may take, in milliseconds. After that its signal is aborted and the changes count as failed.
   *
   * @default 30000
   */
  readonly flushWithinMs?: number;
  /**
   * How often a change is tried without others before it goes to the dead ones, where the source has taken others meanwhile.
   * While it takes none, nothing is given up, however long that lasts.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
  /**
   * How long a change waits after its first failure, in milliseconds; twice as long after each further one, and never longer
   * than `silentMs`. Others are not held up.
   *
   * @default 500
   */
  readonly retryMs?: number;
  /**
   * How long a worker may be silent before its changes are given to others, in milliseconds. While `flush` runs, it says four
   * times in that time that it is alive.
   *
   * @default 10000
   */
  readonly silentMs?: number;
  /**
   * How many replicas must have a change before `put` and `remove` resolve. With 0 a failover can lose changes of the last
   * moment that were acknowledged. With as many as each primary has, a failover loses none; while there are fewer, puts wait,
   * and reject with `redis/deadline` after `writeWithinMs`.
   *
   * @default 0
   */
  readonly replicas?: number;
}

/** A definition with its defaults. */
export type WriteBehindRules<Id, Value> = Required<
  Omit<WriteBehindDefinition<Id, Value>, 'schema' | 'load'>
> &
  Pick<WriteBehindDefinition<Id, Value>, 'schema' | 'load'>;

const defaults = {
  jitter: 0.1,
  hardTimeoutMs: 10_000,
  shards: 8,
  batch: 200,
  maxDelayMs: 100,
  flushWithinMs: 30_000,
  maxDeliveries: 5,
  retryMs: 500,
  silentMs: 10_000,
  replicas: 0,
};

/** A definition with its defaults; throws `redis/bad-use` if it cannot work. */
export function completeWriteBehind<Id, Value>(
  definition: WriteBehindDefinition<Id, Value>,
): WriteBehindRules<Id, Value> {
  const negativeTtlMs = Math.min(10_000, definition.ttlMs);
  const rules: WriteBehindRules<Id, Value> = { ...defaults, negativeTtlMs, ...definition };
  check(rules);
  return rules;
}

function check<Id, Value>(rules: WriteBehindRules<Id, Value>): void {
  const { name, ttlMs, negativeTtlMs, hardTimeoutMs, maxDelayMs, flushWithinMs, retryMs, silentMs } = rules;
  checkName(name);
  const times = { ttlMs, negativeTtlMs, hardTimeoutMs, maxDelayMs, flushWithinMs, retryMs, silentMs };
  for (const [option, ms] of Object.entries(times)) checkMs(name, option, ms);
  if (!(rules.jitter >= 0 && rules.jitter < 1)) throw badUse(`'${name}' needs a jitter from 0 to below 1.`);
  integerText(name, 'shards', rules.shards, 1, 64);
  integerText(name, 'batch', rules.batch, 1, 1000);
  integerText(name, 'maxDeliveries', rules.maxDeliveries, 1);
  integerText(name, 'replicas', rules.replicas, 0);
}

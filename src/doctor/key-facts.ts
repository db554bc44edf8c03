/** How much less the sampled keys of a group would take after one change. */
export interface Saving {
  /** The change: `hash-max-listpack-entries`, `integer-strings`, `strings-in-hashes`, `shorter-names`, ... */
  readonly change: string;
  /** The least value of a setting that gets it, where the change is one of settings. */
  readonly value: string | undefined;
  /** Keys of the sample that would shrink. */
  readonly keys: number;
  /** What these take now, and then. */
  readonly nowBytes: number;
  readonly thenBytes: number;
  /** Sum over keys of (now - then) squared: for the error of an estimate. */
  readonly squares: number;
}

/** Sampled keys whose names are of one form, of one type in one encoding. */
export interface KeyGroup {
  /** `user:*:cart`: parts that look like ids are a `*`. */
  readonly prefix: string;
  readonly type: string;
  readonly encoding: string;
  readonly keys: number;
  readonly withoutTtl: number;
  /** MEMORY USAGE, summed. */
  readonly bytes: number;
  /** Sum of squares of the bytes of each key: for the error of an estimate. */
  readonly squares: number;
  /** Elements, or bytes of a string; summed, and of the largest. */
  readonly elements: number;
  readonly mostElements: number;
  readonly savings: readonly Saving[];
}

export interface BigKey {
  readonly key: string;
  readonly db: number;
  readonly type: string;
  readonly encoding: string;
  readonly bytes: number;
  /** Elements, or bytes of a string. */
  readonly elements: number;
}

/** Exact counts from INFO keysizes (Redis 8 and later): how many keys have at least `from` elements or bytes, and less than the next. */
export interface SizeHistogram {
  readonly db: number;
  readonly type: string;
  readonly unit: 'bytes' | 'elements';
  readonly bins: readonly { readonly from: number; readonly keys: number }[];
}

/** Keys that SCAN named, which are a random part of all keys: their place in the table follows from a hash with a secret seed. */
export interface KeySample {
  /** All keys of all databases. */
  readonly keys: number;
  readonly looked: number;
  /** True where every key was looked at, so that nothing is an estimate. */
  readonly complete: boolean;
  /** The replica, by its name, that was asked instead of the primary; undefined where the primary was. */
  readonly sampledAt?: string | undefined;
  readonly seconds: number;
  readonly groups: readonly KeyGroup[];
  /** The twenty largest that were met, largest first. */
  readonly largest: readonly BigKey[];
  /** The most used that were met, by OBJECT FREQ (a logarithmic counter, 255 at most); undefined where the policy is not LFU. */
  readonly hot: readonly { readonly key: string; readonly frequency: number }[] | undefined;
  readonly histograms: readonly SizeHistogram[] | undefined;
}

import type { Span } from './types.ts';

/** How fast data goes from server to server. The one place for such figures. */
export interface Rates {
  /** What a full copy takes whatever its size, in seconds: the start of a server, its link, a fork. */
  readonly copyStartSeconds: Span;
  /** Keys that a full copy takes on in a second; their bytes count beside that. */
  readonly copyKeysPerSecond: Span;
  readonly copyBytesPerSecond: Span;
  /** Keys that move with their slots in a second, key by key. */
  readonly slotKeysPerSecond: Span;
  /** The same where the engine moves whole slots. */
  readonly atomicSlotKeysPerSecond: Span;
  /** How long writes wait at a switch, in milliseconds. */
  readonly pauseMs: Span;
}

const MIB = 2 ** 20;

/**
 * On two shared cores over loopback, most of it beside other work (a load of 4 to 12), so that `low` is a machine with
 * no time to spare:
 * - copies: REPLICAOF until linked and its log written. 1,000,000 small keys in 56 to 80 MB took 1.4 to 2.2 s, 200,000
 *   values of 2 KB 2.5 to 11 s, 50,000 of 10 KB 2.3 to 25 s; Redis 7.0 and 8.0, Valkey 8.1 and 9.1, small keys without a
 *   log, the others with and without. Two or three runs each.
 * - slots: 400,000 of 600,000 small keys from one primary to two, nobody writing, one run each. `moveSlots` took 9,800 to
 *   12,900 keys a second, and 20,000 with Valkey 9.1, which moves whole slots. `high` is what servers did without its
 *   rests on an idle machine in earlier runs: 32,000 (`redis-cli --cluster rebalance`) and 280,000 to 370,000.
 * - the pause: earlier switches by the same procedure, 5 to 22 ms on the server. Not measured again for this.
 * A network, slower cores and large keys make all of it slower.
 */
export const MEASURED: Rates = {
  copyStartSeconds: { low: 0.2, high: 2 },
  copyKeysPerSecond: { low: 300_000, high: 1_000_000 },
  copyBytesPerSecond: { low: 20 * MIB, high: 200 * MIB },
  slotKeysPerSecond: { low: 9_000, high: 32_000 },
  atomicSlotKeysPerSecond: { low: 20_000, high: 350_000 },
  pauseMs: { low: 5, high: 25 },
};

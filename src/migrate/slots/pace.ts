/** What it costs to send a key that is nearly empty, in bytes that would take as long. */
const KEY_COST = 300;
const FIRST_KEYS = 10;
const SMALL_KEY = 100;
/** More in one order gains nothing. */
const MOST_KEYS = 100;
/** How much one measurement counts. */
const WEIGHT = 0.2;

export interface KeySize {
  readonly key: Buffer;
  /** As MEMORY USAGE says. */
  readonly bytes: number;
}

/**
 * How many keys one MIGRATE may take so that it holds up the source for about `targetMs`: begins with few and learns from
 * how long they took.
 */
export class Pace {
  readonly #targetMs: number;
  #costPerMs: number;

  constructor(targetMs: number) {
    this.#targetMs = targetMs;
    this.#costPerMs = (FIRST_KEYS * (KEY_COST + SMALL_KEY)) / targetMs;
  }

  /** The first few of these; at least one, however large. */
  group(keys: readonly KeySize[]): readonly KeySize[] {
    const budget = this.#costPerMs * this.#targetMs;
    let cost = 0;
    const end = keys.findIndex((key, i) => {
      cost += KEY_COST + key.bytes;
      return i > 0 && (cost > budget || i >= MOST_KEYS);
    });
    return end === -1 ? keys : keys.slice(0, end);
  }

  note(group: readonly KeySize[], ms: number): void {
    const cost = costOf(group);
    // One large key says how fast large keys are, which is not how fast small ones are.
    if (cost > 4 * this.#costPerMs * this.#targetMs) return;
    this.#costPerMs += WEIGHT * (cost / Math.max(ms, 0.05) - this.#costPerMs);
  }

  /** About how long these will take. Large keys are sent faster by the byte than small ones. */
  expectMs(group: readonly KeySize[]): number {
    return costOf(group) / Math.max(this.#costPerMs, SLOWEST_BYTES_PER_MS);
  }
}

/** Of a hash with many small fields, measured: 50,000 on a machine with other work. */
const SLOWEST_BYTES_PER_MS = 20_000;

const costOf = (group: readonly KeySize[]) => group.reduce((sum, { bytes }) => sum + KEY_COST + bytes, 0);

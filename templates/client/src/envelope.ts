/** What is stored beside a value where early refresh or tags need it. */
export interface Envelope {
  /** When it was stored, by the clock of the process that did; only its own age is computed from it. */
  readonly madeMs: number;
  /** How long it took to load. */
  readonly tookMs: number;
  readonly ttlMs: number;
  /** The versions that its tags had before it was loaded, in the order of the tags. */
  readonly versions: readonly string[];
}

export interface Stored {
  readonly json: string;
  readonly envelope: Envelope | undefined;
}

// No JSON text begins with it, so a value without an envelope is told from one with it.
const mark = '~';

export const isWrapped = (text: string): boolean => text.startsWith(mark);

export function wrap(json: string, { madeMs, tookMs, ttlMs, versions }: Envelope): string {
  return `${mark}${madeMs} ${tookMs} ${ttlMs} ${versions.join(',')}\n${json}`;
}

export function unwrap(text: string): Stored {
  if (!isWrapped(text)) return { json: text, envelope: undefined };
  const end = text.indexOf('\n');
  const [madeMs, tookMs, ttlMs, versions = ''] = text.slice(mark.length, end).split(' ');
  return {
    json: text.slice(end + 1),
    envelope: {
      madeMs: Number(madeMs),
      tookMs: Number(tookMs),
      ttlMs: Number(ttlMs),
      versions: versions === '' ? [] : versions.split(','),
    },
  };
}

/**
 * Whether to load anew before the end: more likely the nearer it is and the longer a load takes, so that one of many
 * callers does it ahead of all. (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede
 * Prevention", VLDB 2015.)
 */
export function isDueEarly({ madeMs, tookMs, ttlMs }: Envelope, beta: number, now = Date.now()): boolean {
  return now - tookMs * beta * Math.log(1 - Math.random()) >= madeMs + ttlMs;
}

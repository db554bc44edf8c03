import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../redis/connection.ts';
import type { Sample, SampleKind, Use } from '../structures/types.ts';
import { type Fill, fillWords } from './fill.ts';
import type { Figure } from './types.ts';

/** How much may be written at a time. */
export interface Bounds {
  readonly elements: number;
  readonly bytes: number;
  /** How many elements stand for many, where nobody says how many there will be. */
  readonly many: number;
}

/**
 * On a server that serves: a few milliseconds. With 640 elements tables of both engines are filled as they are on average;
 * right after a table has doubled, elements take up to 8 bytes more, and right before up to 4 bytes less.
 */
export const GENTLE: Bounds = { elements: 1000, bytes: 2 ** 20, many: 640 };

/** On a server of our own. */
export const AMPLE: Bounds = { elements: 100_000, bytes: 2 ** 26, many: 10_000 };

/** Few enough for every compact encoding. */
const FEW = 100;
const TIMES = 3;
/** Between two scripts, for those who wait, and for memory that is freed in the background. */
const PAUSE_MS = 25;
/** The server takes ten looks a second at tables that have become too large; only then the next one begins small again. */
const TABLE_PAUSE_MS = 250;
const LIFETIME_MS = 600_000;
/** `m000001`, the shortest member. */
const NAME_BYTES = 7;

/** Where elements have keys of their own there is nothing to be compact. */
const KEYS_OF_THEIR_OWN: readonly SampleKind[] = ['string-keys', 'counter-keys', 'hash-keys'];
/** Where each element has at least a key. */
const MANY_KEYS: readonly SampleKind[] = [...KEYS_OF_THEIR_OWN, 'logged-values'];

export interface Wanted {
  readonly elements: number | undefined;
  readonly bytes: number;
  readonly expires: boolean;
}

/** Size of an element of this use. */
export const elementBytes = (sample: Sample, bytes: number): number =>
  Math.max(NAME_BYTES, sample.bytes ?? bytes);

/** How many elements to write: few, as many as there will be, and many; each within bounds. */
export function counts(sample: Sample, { elements, bytes }: Wanted, bounds: Bounds): readonly number[] {
  const size = elementBytes(sample, bytes);
  const most = Math.max(1, Math.min(bounds.elements, Math.floor(bounds.bytes / size)));
  const wanted = elements === undefined ? [] : [elements];
  const few = KEYS_OF_THEIR_OWN.includes(sample.kind) ? [] : [Math.min(FEW, elements ?? FEW)];
  const many = elements !== undefined && elements > bounds.many ? [] : [bounds.many];
  const all = [...few, ...wanted, ...many].map((count) => Math.min(count, most));
  return [...new Set(all)].sort((a, b) => a - b);
}

export interface Place {
  readonly connection: Connection;
  /** The part of key names that decides their slot. */
  readonly run: string;
  readonly database: number | undefined;
  /** What a script takes that writes nothing. */
  readonly idleBytes: number;
}

/** What elements of this use take here. Rejects as the server does. */
export async function measureUse(
  place: Place,
  { sample }: Pick<Use, 'sample'>,
  wanted: Wanted,
  bounds: Bounds,
): Promise<readonly Figure[]> {
  if (sample === undefined) return [];
  const figures: Figure[] = [];
  for (const elements of counts(sample, wanted, bounds)) {
    const ttlMs = wanted.expires || sample.expires ? LIFETIME_MS : 0;
    const bytes = elementBytes(sample, wanted.bytes);
    const { more, encoding } = await fill(place, { kind: sample.kind, elements, bytes, ttlMs });
    figures.push({ elements, bytesPerElement: (more - place.idleBytes) / elements, encoding });
  }
  return figures;
}

/** The same without elements. Rejects as the server does. */
export async function measureIdle(place: Place): Promise<number> {
  const { more } = await fill(place, { kind: 'bits', elements: 0, bytes: NAME_BYTES, ttlMs: 0 });
  return more;
}

/** The middle one of three, for others may be at work. */
async function fill({ connection, run, database }: Place, what: Omit<Fill, 'database'>) {
  const seen: number[] = [];
  let encoding: string | undefined;
  for (let i = 0; i < TIMES; i += 1) {
    const reply = await connection.call(...fillWords(run, { ...what, database }));
    const [more, name] = reply as [number, string | null];
    seen.push(Number(more));
    encoding = name ?? undefined;
    await sleep(MANY_KEYS.includes(what.kind) ? TABLE_PAUSE_MS : PAUSE_MS);
  }
  return { more: seen.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0, encoding };
}

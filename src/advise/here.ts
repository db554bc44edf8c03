import { compareLines } from '../engines/releases.ts';
import type { Connection } from '../redis/connection.ts';
import type { Use } from '../structures/types.ts';
import { PREFIX } from './fill.ts';
import { type Bounds, measureIdle, measureUse, type Place, type Wanted } from './measure.ts';
import { emptyDatabase, type ServerFacts } from './server.ts';
import type { Figure, Measured } from './types.ts';

/** Figures, or why there are none. */
export type Outcome =
  | { readonly ok: true; readonly measured: Measured }
  | { readonly ok: false; readonly why: string };

export interface Here {
  readonly connection: Connection;
  readonly facts: ServerFacts;
  readonly where: string;
  readonly bounds: Bounds;
  /** Makes names of keys that nobody else has. */
  readonly randomBytes: (count: number) => Buffer;
}

/** Measures on this server. That it refuses, or is gone, is a reason and no failure: advice is worth giving without figures. */
export async function measureHere(here: Here, uses: readonly Use[], wanted: Wanted): Promise<Outcome> {
  try {
    return await measureAll(here, uses, wanted);
  } catch (error) {
    return { ok: false, why: refusal((error as Error).message) };
  }
}

async function measureAll(here: Here, uses: readonly Use[], wanted: Wanted): Promise<Outcome> {
  const place = await findPlace(here);
  if (typeof place === 'string') return { ok: false, why: place };
  const figures = new Map<string, readonly Figure[]>();
  for (const use of uses)
    if (use.sample) figures.set(use.id, await measureUse(place, use, wanted, here.bounds));
  const hasTable = place.database !== undefined || hasTableForEachSlot(here.facts);
  return { ok: true, measured: { where: here.where, bytes: wanted.bytes, figures, hasTable } };
}

/** In a cluster, since these releases, each slot has a table of its own. */
function hasTableForEachSlot({ ground, info }: ServerFacts): boolean {
  const since = { redis: '7.4', valkey: '8.0' }[ground.name];
  return info.cluster_enabled === '1' && compareLines(ground.version, since) >= 0;
}

/** Enough to meet a slot of this node in a cluster of any usual size. */
const ATTEMPTS = 200;
const ONE: Wanted = { elements: 1, bytes: 7, expires: false };
const TRIAL: Bounds = { elements: 1, bytes: 64, many: 1 };

/** Writes one element: where that goes, more will. Gives the reason where it does not. */
async function findPlace({ connection, facts, randomBytes }: Here): Promise<Place | string> {
  let database = emptyDatabase(facts.info);
  let why = 'no slot of this node was found';
  for (let i = 0; i < ATTEMPTS; i += 1) {
    const place = { connection, run: randomBytes(3).toString('hex'), database, idleBytes: 0 };
    try {
      await measureUse(place, { sample: { kind: 'counter-keys', element: 'trial' } }, ONE, TRIAL);
      return { ...place, idleBytes: await measureIdle(place) };
    } catch (error) {
      why = (error as Error).message;
      if (/MOVED|ASK /.test(why)) continue;
      // Fewer databases than usual, or a user who may not choose one.
      if (database === undefined || !/SELECT|DB index|NOPERM|permission/i.test(why)) break;
      database = undefined;
    }
  }
  return refusal(why);
}

function refusal(why: string): string {
  const said = why.split('\n')[0]?.trim().slice(0, 160) ?? '';
  if (!/NOPERM|permission/i.test(said)) return `it said: ${said}`;
  const rules = `~${PREFIX}* +eval +info +object|encoding +select, and the commands of the data types`;
  return `its user may not write there (${said}); this would allow it: ${rules}`;
}

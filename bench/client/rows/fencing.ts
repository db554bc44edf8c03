import { setTimeout as sleep } from 'node:timers/promises';
import { bounded, gated, hangs, withInstances } from '../ground.ts';
import type { Entries, Instance, Library, Place } from '../library.ts';
import type { Ground } from '../servers.ts';
import { type Cell, notThere, type Row } from '../table.ts';
import { oneByOne } from './order.ts';

const wanted = 'fresh v2';

/** What is read after a change of the source, when a load that began before it ends after it. */
export const fencing = (ground: Ground): readonly Row[] => [
  {
    title: 'deleted while a load is in flight, read after it',
    wanted,
    measure: oneByOne(ground, deleted({ elsewhere: false, before: false })),
  },
  {
    title: 'deleted by another instance while a load is in flight, read after it',
    wanted,
    measure: oneByOne(ground, deleted({ elsewhere: true, before: false })),
  },
  {
    title: 'deleted by another instance while a load is in flight, read before it has ended',
    wanted,
    measure: oneByOne(ground, deleted({ elsewhere: true, before: true })),
  },
  {
    title: 'tag invalidated while a load is in flight, read after it',
    wanted,
    measure: oneByOne(ground, untagged),
  },
];

interface Race {
  /** Whether another instance deletes. */
  readonly elsewhere: boolean;
  /** Whether the second read begins before the load ends. */
  readonly before: boolean;
}

const deleted =
  ({ elsewhere, before }: Race) =>
  (library: Library, place: Place): Promise<Cell> =>
    withInstances(library, place, 2, async ([one, other]) => {
      const change = () => (elsewhere ? other : one)?.delete('raced');
      return race(one, change, before);
    });

const untagged = (library: Library, place: Place): Promise<Cell> =>
  withInstances(library, place, 1, async ([one]) => {
    const tagged = (one as Instance).tagged;
    return tagged === undefined ? notThere : race(tagged, () => tagged.invalidate(), false);
  });

async function race(
  entries: Entries | undefined,
  change: () => Promise<unknown> | undefined,
  before: boolean,
): Promise<Cell> {
  if (entries === undefined) throw new Error('no instance');
  const old = gated('v1');
  const fresh = async () => 'v2';
  const first = entries.getOrSet('raced', old.load);
  if ((await bounded(old.entered, 5000)) === hangs) throw new Error('the loader is not called');
  await change();
  // A source that was changed is a moment older than what is stored after it, by any clock.
  await sleep(20);
  const early = before ? entries.getOrSet('raced', fresh) : undefined;
  // A read that waits for the load ends with it; one that does not may end now.
  if (early !== undefined) await bounded(early, 50);
  old.open();
  await first;
  const value = await (early ?? entries.getOrSet('raced', fresh));
  return { text: value === 'v2' ? 'fresh v2' : `stale ${value}`, isRight: value === 'v2' };
}

import { counting, withInstances } from '../ground.ts';
import type { Instance, Library, Place } from '../library.ts';
import type { Ground } from '../servers.ts';
import type { Cell, Row } from '../table.ts';
import { oneByOne, shortly } from './order.ts';

/** What becomes of values that look like none. */
export const values = (ground: Ground): readonly Row[] => [
  {
    title: "`0`, `''`, `false` and `null` are kept and come back",
    wanted: 'all',
    measure: oneByOne(ground, falsy),
  },
  {
    title: 'the loader gives `undefined`, read twice: loader calls',
    wanted: '1',
    measure: oneByOne(ground, nothing),
  },
];

const falsy = (library: Library, place: Place): Promise<Cell> =>
  withInstances(library, place, 2, async (instances) => {
    const lost: string[] = [];
    for (const value of [0, '', false, null])
      if (!(await isKept(instances, value))) lost.push(JSON.stringify(value));
    return {
      text: lost.length === 0 ? 'all' : `not \`${lost.join('`, `')}\``,
      isRight: lost.length === 0,
    };
  });

/** Loaded by one instance and read by another. */
async function isKept([one, other]: readonly Instance[], value: unknown): Promise<boolean> {
  const loader = counting(() => value, 1);
  const key = `falsy ${JSON.stringify(value)}`;
  const first = await one?.getOrSet(key, loader.load);
  const second = await other?.getOrSet(key, loader.load);
  return first === value && second === value && loader.calls === 1;
}

const nothing = (library: Library, place: Place): Promise<Cell> =>
  withInstances(library, place, 1, async ([one]) => {
    const loader = counting(() => undefined, 1);
    try {
      for (let round = 0; round < 2; round++) await one?.getOrSet('nothing', loader.load);
    } catch (error) {
      return { text: `throws: ${shortly(error)}`, isRight: false };
    }
    return { text: String(loader.calls), isRight: loader.calls === 1 };
  });

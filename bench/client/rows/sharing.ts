import { callers, counting, timed, withInstances } from '../ground.ts';
import type { Library, Place } from '../library.ts';
import type { Ground } from '../servers.ts';
import type { Cell, Row } from '../table.ts';
import { oneByOne, together } from './order.ts';

/** How often the loader is called while many callers miss one key. */
export const sharing = (ground: Ground): readonly Row[] => [
  {
    title: 'cold key, 100 callers in one instance: loader calls',
    wanted: '1',
    measure: oneByOne(ground, cold({ instances: 1, count: 100, ms: 20 })),
  },
  {
    title: 'cold key, 100 callers in each of two instances: loader calls',
    wanted: '1',
    measure: oneByOne(ground, cold({ instances: 2, count: 200, ms: 50 })),
  },
  {
    title: 'cold key, 25 callers in each of two instances, a loader of 2.5 s: loader calls',
    wanted: '1',
    measure: together(ground, cold({ instances: 2, count: 50, ms: 2500 })),
  },
  {
    title: 'the loader throws after 20 ms, 100 callers: loader calls and time',
    wanted: '1, and all are told',
    measure: oneByOne(ground, failing),
  },
  {
    title: 'no such row (the loader gives null), 50 callers and then 50 more: loader calls',
    wanted: '1',
    measure: oneByOne(ground, absent),
  },
];

interface Crowd {
  readonly instances: number;
  readonly count: number;
  readonly ms: number;
}

const cold =
  ({ instances, count, ms }: Crowd) =>
  (library: Library, place: Place): Promise<Cell> =>
    withInstances(library, place, instances, async (all) => {
      const loader = counting(() => 'value', ms);
      const key = `cold ${ms} ${library.name}`;
      await callers(count, (index) => all[index % all.length]?.getOrSet(key, loader.load));
      return { text: String(loader.calls), isRight: loader.calls === 1 };
    });

const failing = (library: Library, place: Place): Promise<Cell> =>
  withInstances(library, place, 1, async ([one]) => {
    const loader = counting(() => {
      throw new Error('no such table');
    }, 20);
    const { value, ms } = await timed(() => callers(100, () => one?.getOrSet('failing', loader.load)));
    const told = value.filter(({ status }) => status === 'rejected').length;
    const time = ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
    const untold = told === 100 ? '' : `, ${100 - told} get undefined`;
    return { text: `${loader.calls} in ${time}${untold}`, isRight: loader.calls === 1 && told === 100 };
  });

const absent = (library: Library, place: Place): Promise<Cell> =>
  withInstances(library, place, 1, async ([one]) => {
    const loader = counting(() => null, 20);
    for (let round = 0; round < 2; round++) await callers(50, () => one?.getOrSet('absent', loader.load));
    return { text: String(loader.calls), isRight: loader.calls === 1 };
  });

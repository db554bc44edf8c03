import { withInstances } from '../ground.ts';
import type { Entries, Instance, Library, Place } from '../library.ts';
import type { Ground } from '../servers.ts';
import type { Cell, Row } from '../table.ts';
import { oneByOne, shortly } from './order.ts';

const count = 60;
const keys = Array.from({ length: count }, (_, index) => `entry ${index}`);

/** Whether what says it has forgotten entries in all slots of a cluster has done so. */
export const onCluster = (ground: Ground): readonly Row[] => [
  {
    title: `Cluster of 3, ${count} entries deleted by their keys: gone`,
    wanted: `${count}`,
    measure: oneByOne(
      ground,
      forgotten((one) => ({ entries: one, forget: () => one.deleteMany(keys) })),
    ),
  },
  {
    title: `Cluster of 3, ${count} entries forgotten at once: gone`,
    wanted: `${count}`,
    measure: oneByOne(
      ground,
      forgotten(({ whole }) => ({ entries: whole, forget: () => whole.invalidate() })),
    ),
  },
];

interface Forgetting {
  readonly entries: Entries;
  readonly forget: () => Promise<unknown>;
}

const forgotten =
  (how: (one: Instance) => Forgetting) =>
  (library: Library, place: Place): Promise<Cell> =>
    withInstances(library, place, 2, async ([one, other]) => {
      if (one === undefined || other === undefined) throw new Error('no instance');
      const { entries, forget } = how(one);
      await Promise.all(keys.map((key) => entries.getOrSet(key, async () => 'v1')));
      const said = await forget().then(
        () => '',
        (error: unknown) => `, throws: ${shortly(error)}`,
      );
      const now = await Promise.all(keys.map((key) => how(other).entries.getOrSet(key, async () => 'v2')));
      const gone = now.filter((value) => value === 'v2').length;
      const silently = gone < count && said === '' ? ', reports success' : said;
      return { text: `${gone}${silently}`, isRight: gone === count && said === '' };
    });

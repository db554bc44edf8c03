import { bounded, counting, hangs, timed } from '../ground.ts';
import type { Instance, Library, Place } from '../library.ts';
import { withServer } from '../servers.ts';
import type { Cell, Row } from '../table.ts';

const patienceMs = 7000;
const wanted = 'at most 1 s once, then at most 100 ms';

/** How long a read takes, with a loader of 5 ms, when Redis has stopped answering. */
export const outages: readonly Row[] = [
  {
    title: 'Redis is frozen: first and tenth answer',
    wanted,
    measure: silenced({ how: 'freeze', tuned: false }),
  },
  {
    title: 'Redis is frozen, each library tuned for that: first and tenth answer',
    wanted,
    measure: silenced({ how: 'freeze', tuned: true }),
  },
  {
    title: 'Redis is dead: first and tenth answer',
    wanted,
    measure: silenced({ how: 'kill', tuned: false }),
  },
  {
    title: 'Redis is dead, each library tuned for that: first and tenth answer',
    wanted,
    measure: silenced({ how: 'kill', tuned: true }),
  },
];

interface Silence {
  readonly how: 'freeze' | 'kill';
  readonly tuned: boolean;
}

/** All libraries connect and work first; then their one server falls silent. */
function silenced({ how, tuned }: Silence) {
  return (libraries: readonly Library[]): Promise<readonly Cell[]> =>
    withServer(async ({ place }, server) => {
      const instances = await Promise.all(libraries.map((library) => warm(library, place, tuned)));
      await server[how]();
      const cells = await Promise.all(instances.map((one, index) => answerTimes(`${index}`, one)));
      await bounded(Promise.allSettled(instances.map((one) => one.close())), 1500);
      return cells;
    });
}

async function warm(library: Library, place: Place, tuned: boolean): Promise<Instance> {
  const instance = await library.open(place, { tuned });
  await instance.getOrSet(`warm ${library.name}`, async () => 'value');
  return instance;
}

async function answerTimes(name: string, one: Instance): Promise<Cell> {
  const loader = counting(() => 'value', 5);
  const times: number[] = [];
  for (let call = 0; call < 10; call++) {
    const { value, ms } = await timed(() => answerOf(one, `silent ${name} ${call}`, loader.load));
    if (value === hangs) return { text: `hangs (> ${patienceMs / 1000} s)`, isRight: false };
    if (value !== 'value') return { text: `${value} after ${(ms / 1000).toFixed(1)} s`, isRight: false };
    times.push(ms);
  }
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  return {
    text: `${first.toFixed(0)} ms, ${last.toFixed(0)} ms`,
    isRight: first <= 1000 && last <= 100,
  };
}

async function answerOf(one: Instance, key: string, load: () => Promise<unknown>) {
  const answer = one.getOrSet(key, load);
  return bounded(
    answer.catch(() => 'rejects'),
    patienceMs,
  );
}

import type { Library, Place } from '../library.ts';
import type { Ground } from '../servers.ts';
import type { Cell } from '../table.ts';

type Measure = (library: Library, place: Place) => Promise<Cell>;

/** Each library by itself, on an empty server. */
export const oneByOne = (ground: Ground, measure: Measure) => async (libraries: readonly Library[]) => {
  const cells: Cell[] = [];
  for (const library of libraries) {
    await ground.flush();
    cells.push(await attempt(library, ground, measure));
  }
  return cells;
};

/** All at once, where nearly all the time is waiting. */
export const together = (ground: Ground, measure: Measure) => (libraries: readonly Library[]) =>
  Promise.all(libraries.map((library) => attempt(library, ground, measure)));

async function attempt(library: Library, { place }: Ground, measure: Measure): Promise<Cell> {
  try {
    return await measure(library, place);
  } catch (error) {
    return { text: `throws: ${shortly(error)}`, isRight: false };
  }
}

/** The first words of an error that belong into a table. */
export function shortly(error: unknown): string {
  const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
  const text = message || name;
  const because = cause instanceof Error && cause.message !== text ? `: ${cause.message}` : '';
  const [line = ''] = `${text}${because}`.split('\n');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

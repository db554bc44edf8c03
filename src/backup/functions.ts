import type { Connection } from '../redis/connection.ts';
import type { Router } from './router.ts';

/**
 * Brings the function libraries of a snapshot to every primary; one that is there already stays, unless it is to be
 * replaced. Gives how many the snapshot has.
 */
export async function carryFunctions(source: Connection, target: Router, replace: boolean): Promise<number> {
  const libraries = await listLibraries(source);
  for (const [name, code] of libraries) {
    const present = await Promise.all(
      (await target.everyPrimary('FUNCTION', 'LIST', 'LIBRARYNAME', name)).map(
        (r) => (r as unknown[]).length > 0,
      ),
    );
    if (replace) await target.everyPrimary('FUNCTION', 'LOAD', 'REPLACE', code);
    else if (!present.some(Boolean)) await target.everyPrimary('FUNCTION', 'LOAD', code);
    else if (!present.every(Boolean)) await loadWhereMissing(target, code);
  }
  return libraries.size;
}

/** After a run that was killed some primaries have a library and some do not. */
async function loadWhereMissing(target: Router, code: string): Promise<void> {
  try {
    await target.everyPrimary('FUNCTION', 'LOAD', code);
  } catch (error) {
    if (!/already exists/.test((error as Error).message)) throw error;
  }
}

async function listLibraries(source: Connection): Promise<ReadonlyMap<string, string>> {
  const reply = (await source.call('FUNCTION', 'LIST', 'WITHCODE')) as unknown[][];
  const field = (library: readonly unknown[], name: string) =>
    String(library[library.indexOf(name) + 1] ?? '');
  return new Map(reply.map((one) => [field(one, 'library_name'), field(one, 'library_code')]));
}

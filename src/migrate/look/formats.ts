import { compareLines } from '../../engines/releases.ts';
import type { Engine } from '../../engines/types.ts';
import type { Release } from './read-info.ts';

/** Whether a replica of one release can copy from a primary of another. */
export type Reads = 'yes' | 'no' | 'without-expiring-fields';

/** `8.0.2` as `8.0`. */
export const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/**
 * The same holds for files that a node finds when it begins anew, but those of Valkey from 9.0 only itself reads.
 * By the version of the snapshot that the primary sends (RDB): Redis 7.0 writes 10; Redis 7.2, and Valkey before 9.0, write
 * 11; Redis from 7.4 writes 12, which no Valkey reads. Valkey from 9.0 writes 11 to a replica that does not know its own
 * format, unless there is a hash with fields that expire: then the copy breaks off. Redis promises no way back to an older
 * release, also where one happens to be able to read (8.0 what 8.2 writes).
 */
export function canRead(from: Release, to: Pick<Engine, 'name' | 'version'>): Reads {
  const source = lineOf(from.version);
  const older = compareLines(to.version, source) < 0;
  if (from.engine === 'redis') {
    if (to.name === 'redis') return older ? 'no' : 'yes';
    return compareLines(source, '7.4') < 0 ? 'yes' : 'no';
  }
  const knowsFields = to.name === 'valkey' && compareLines(to.version, '9.0') >= 0;
  if (compareLines(to.version, '7.2') < 0) return 'no';
  return compareLines(source, '9.0') < 0 || knowsFields ? 'yes' : 'without-expiring-fields';
}

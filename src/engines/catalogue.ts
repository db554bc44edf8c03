import { ALIASES, DIRECTIVES } from './directives.ts';
import { compareLines } from './releases.ts';
import type { DirectiveFacts, DirectiveRow, Engine } from './types.ts';

/** What is known of a directive on this engine, or undefined where the server would refuse it. */
export function directiveFacts(
  engine: Pick<Engine, 'name' | 'version'>,
  name: string,
): DirectiveFacts | undefined {
  const row = rowFor(engine, name) ?? rowFor(engine, ALIASES[name] ?? '');
  if (!row) return undefined;
  return { name: row[0], kind: row[1], effect: row[2], values: row[5] ?? [] };
}

function rowFor(engine: Pick<Engine, 'name' | 'version'>, name: string): DirectiveRow | undefined {
  const rows = DIRECTIVES.filter((row) => row[0] === name);
  return rows.find((row) => covers(lines(row, engine), engine.version)) ?? newestBefore(rows, engine);
}

/** The eviction policies that this engine accepts, in the servers' own order. */
export function evictionPolicies(engine: Pick<Engine, 'name' | 'version'>): readonly string[] {
  return directiveFacts(engine, 'maxmemory-policy')?.values ?? [];
}

function lines(row: DirectiveRow, engine: Pick<Engine, 'name'>): string {
  return engine.name === 'redis' ? row[3] : row[4];
}

function covers(range: string, version: string): boolean {
  if (range === '') return false;
  const [from = '', to = from] = range.replace(/\+$/, '-999.0').split('-');
  return compareLines(version, from) >= 0 && compareLines(version, to) <= 0;
}

/**
 * A line between two that were read (Valkey 9.0 between 8.1 and 9.1) gets the facts of the older one, provided that
 * the directive still exists after it: a directive that was dropped meanwhile must never be written.
 */
function newestBefore(
  rows: readonly DirectiveRow[],
  engine: Pick<Engine, 'name' | 'version'>,
): DirectiveRow | undefined {
  const ranges = rows.map((row) => ({ row, range: lines(row, engine) })).filter(({ range }) => range !== '');
  const later = ranges.some(({ range }) => compareLines(range.split(/[-+]/)[0] ?? '', engine.version) > 0);
  if (!later) return undefined;
  return ranges.filter(({ range }) => compareLines(range.split(/[-+]/)[0] ?? '', engine.version) < 0).at(-1)
    ?.row;
}

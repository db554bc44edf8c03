import { directiveFacts } from '../../engines/catalogue.ts';
import { readConf } from '../../engines/conf-lines.ts';
import type { Engine } from '../../engines/types.ts';
import { effectiveLines, SET_BY_NODE, sameValue, shownValue } from '../../model/config-values.ts';

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** What the server has now; undefined where it does not say. */
  readonly present: string | undefined;
}

export interface Differences {
  /** For CONFIG SET, in the order of the file. */
  readonly live: readonly Setting[];
  /** Directives that only a start can change. */
  readonly restart: readonly string[];
}

export interface Compared {
  readonly engine: Engine;
  /** The shared configuration as it is to be. */
  readonly wanted: string;
  /** The shared configuration that the node was started with or given since; undefined where nobody knows. */
  readonly taken: string | undefined;
  /** CONFIG GET * of the node. */
  readonly values: Readonly<Record<string, string>>;
}

/** What a running server has other than the file says. Pure. */
export function differences({ engine, wanted, taken, values }: Compared): Differences {
  const lines = effectiveLines(readConf(wanted)).filter((line) => !SET_BY_NODE.has(line.name));
  const settings = lines.map(({ name, args }) => ({
    name,
    value: args.join(' '),
    present: shownValue(engine, values, name),
  }));
  const shown = settings.filter(
    (s) => s.present !== undefined && !sameValue(engine, s.name, s.value, s.present),
  );
  const live = shown.filter((s) => directiveFacts(engine, s.name)?.effect === 'live');
  const fixed = shown.filter((s) => !live.includes(s)).map((s) => s.name);
  return { live, restart: [...new Set([...fixed, ...unseen(wanted, taken, values, engine)])].sort() };
}

/** What CONFIG GET does not show (modules, renamed commands) or no longer names a value for: told by the texts. */
function unseen(
  wanted: string,
  taken: string | undefined,
  values: Readonly<Record<string, string>>,
  engine: Engine,
): readonly string[] {
  if (taken === undefined) return [];
  const [before, after] = [taken, wanted].map(linesByName) as [Lines, Lines];
  const gone = [...before.keys()].filter((name) => !after.has(name) && !SET_BY_NODE.has(name));
  const hidden = [...after.keys()].filter(
    (name) => shownValue(engine, values, name) === undefined && before.get(name) !== after.get(name),
  );
  return [...gone, ...hidden];
}

type Lines = ReadonlyMap<string, string>;

function linesByName(text: string): Lines {
  const found = new Map<string, string>();
  for (const { name, args } of readConf(text))
    found.set(name, `${found.get(name) ?? ''}${JSON.stringify(args)}`);
  return found;
}

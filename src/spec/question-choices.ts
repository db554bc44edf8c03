import { ENGINE_NAMES, FAMILIES } from '../engines/releases.ts';
import { BEHIND } from '../structures/behind.ts';
import { PATTERN_FACTS, PATTERN_GROUPS } from '../targets/client/patterns.ts';
import { isDropped } from './kept-patterns.ts';
import { type AppendFsync, PATTERNS, type PersistenceMode, type StackSpec } from './types.ts';

export interface Choice {
  readonly name: string;
  readonly value: unknown;
  readonly short?: string;
  readonly checked?: boolean;
  /** Why it cannot be chosen; undefined where it can. */
  readonly disabled?: string;
}

/** A line between choices. */
export interface Heading {
  readonly type: 'separator';
  readonly separator: string;
}

type PersistenceChoice = readonly [mode: PersistenceMode, fsync: AppendFsync, short: string, meaning: string];

const PERSISTENCE: readonly PersistenceChoice[] = [
  [
    'rdb',
    'everysec',
    'RDB',
    'a snapshot now and then; a crash loses minutes. For caches that should restart warm',
  ],
  [
    'aof',
    'everysec',
    'AOF, fsync every second',
    'a log of writes; a crash loses about a second. For sessions and queues',
  ],
  ['aof', 'always', 'AOF, fsync always', 'nothing acknowledged is lost, at the speed of the disk. For money'],
  ['hybrid', 'everysec', 'AOF and RDB', 'the log for durability, snapshots to copy away. For primary data'],
  ['none', 'everysec', 'None', 'nothing survives a restart. For a standalone cache that refills by itself'],
];

export const line = (short: string, meaning: string, value: unknown, checked?: boolean): Choice => ({
  name: `${short} – ${meaning}`,
  short,
  value,
  ...(checked === undefined ? {} : { checked }),
});

export const asItIs = (value: unknown): Choice => line(String(value), 'as it is now', value);

type EngineChoice = StackSpec['engine'];

/** inquirer finds the default of a list by identity, so each choice has one object for good. */
const ENGINE_VALUES: EngineChoice[] = ENGINE_NAMES.flatMap((name) =>
  FAMILIES[name].lines.toReversed().map((version) => ({ name, version })),
);

/** The choice of this engine; a line that is on no list becomes a choice of its own. */
export function engineValue(wanted: EngineChoice): EngineChoice {
  const known = ENGINE_VALUES.find((v) => v.name === wanted.name && v.version === wanted.version);
  if (known) return known;
  ENGINE_VALUES.unshift(wanted);
  return wanted;
}

export function engineChoices(present: EngineChoice | undefined): Choice[] {
  const usual = ({ name, version }: EngineChoice) => FAMILIES[name].defaultLine === version;
  if (present) engineValue(present);
  // What most people want stands first; the list is long.
  const ordered = [...ENGINE_VALUES.filter(usual), ...ENGINE_VALUES.filter((v) => !usual(v))];
  return ordered.map((value) => {
    const { title, licence } = FAMILIES[value.name];
    const proven = usual(value) ? '; proven by this tool, the usual choice' : '';
    return {
      name: `${title} ${value.version} – ${licence(value.version)}${proven}`,
      short: `${title} ${value.version}`,
      value,
    };
  });
}

const PERSISTENCE_VALUES = PERSISTENCE.map(([mode, appendfsync]) => ({ mode, appendfsync }));

export function persistenceValue(wanted: StackSpec['persistence']) {
  const known = PERSISTENCE_VALUES.find(
    (v) => v.mode === wanted.mode && (v.appendfsync === wanted.appendfsync || !usesLog(wanted)),
  );
  if (known) return known;
  PERSISTENCE_VALUES.push(wanted);
  return wanted;
}

const usesLog = ({ mode }: StackSpec['persistence']): boolean => mode === 'aof' || mode === 'hybrid';

export function persistenceChoices(present: StackSpec['persistence'] | undefined): Choice[] {
  if (present) persistenceValue(present);
  return PERSISTENCE_VALUES.map((value, i) => {
    const [, , short, meaning] = PERSISTENCE[i] ?? [];
    return line(short ?? `${value.mode}, fsync ${value.appendfsync}`, meaning ?? 'as it is now', value);
  });
}

/** All patterns by groups; what the eviction policy would drop is shown, and cannot be chosen. */
export function patternChoices({ client, memory }: StackSpec): (Choice | Heading)[] {
  return PATTERN_GROUPS.flatMap((group) => [
    { type: 'separator' as const, separator: `── ${group}` },
    ...PATTERNS.filter((pattern) => PATTERN_FACTS[pattern].group === group).map((pattern) => {
      const choice = line(
        pattern,
        `${PATTERN_FACTS[pattern].meaning} [${BEHIND[pattern].made}]`,
        pattern,
        client.patterns.includes(pattern),
      );
      return isDropped(pattern, memory.eviction)
        ? { ...choice, checked: false, disabled: `(not under ${memory.eviction})` }
        : choice;
    }),
  ]);
}

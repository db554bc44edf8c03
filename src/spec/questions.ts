import { evictionPolicies } from '../engines/catalogue.ts';
import { ENGINE_NAMES, FAMILIES } from '../engines/releases.ts';
import { parseBytes } from '../model/bytes.ts';
import { evictionMeaning } from '../model/directives.ts';
import { TOPOLOGIES } from '../topologies/registry.ts';
import { completeSpec } from './complete.ts';
import { NAME, type SpecInput } from './schema.ts';
import {
  type AppendFsync,
  PATTERNS,
  type Pattern,
  type PersistenceMode,
  type StackSpec,
  WORKLOADS,
  type Workload,
} from './types.ts';

/** What has been answered so far, in the shape of the spec itself. */
export type Answers = SpecInput;

export interface Choice {
  readonly name: string;
  readonly value: unknown;
  readonly short?: string;
  readonly checked?: boolean;
}

/** A question as inquirer and Yeoman both take it; `name` is a path in the spec. */
export interface Question {
  readonly type: 'input' | 'select' | 'checkbox' | 'confirm';
  readonly name: string;
  readonly message: string;
  readonly default?: unknown | ((answers: Answers) => unknown);
  readonly choices?: (answers: Answers) => Choice[];
  readonly when?: (answers: Answers) => boolean;
  readonly validate?: (value: never) => true | string;
  readonly pageSize?: number;
}

export interface OfferedTarget {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
}

const WORKLOAD_MEANING: Readonly<Record<Workload, string>> = {
  cache: 'copies of what another store holds; may be dropped at any time',
  sessions: 'logins and carts with a TTL; losing one annoys a person',
  'rate-limiting': 'counters that must not be dropped early',
  queue: 'jobs or events to be worked on; must survive a restart',
  'primary-data': 'the only copy; must survive crashes and be backed up',
};

const PATTERN_MEANING: Readonly<Record<Pattern, string>> = {
  'cache-aside': 'read through a cache, load on a miss, one loader for many callers, safe invalidation',
};

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

const line = (short: string, meaning: string, value: unknown, checked?: boolean): Choice => ({
  name: `${short} – ${meaning}`,
  short,
  value,
  ...(checked === undefined ? {} : { checked }),
});

/** The questions, each with a default that follows from the answers before it. At most a dozen with the last word. */
export function questions(directory: string, targets: readonly OfferedTarget[]): readonly Question[] {
  const soFar = (answers: Answers): StackSpec => completeSpec(answers, directory).spec;
  return [
    {
      type: 'input',
      name: 'name',
      message: 'Name of the stack',
      default: NAME.test(directory) ? directory : 'redis',
      validate: (value: string) =>
        NAME.test(value) || 'Lower-case letters, digits and -, starting with a letter, 40 at most.',
    },
    {
      type: 'select',
      name: 'engine',
      message: 'Engine and release line',
      default: () => undefined,
      choices: engineChoices,
      pageSize: 14,
    },
    {
      type: 'checkbox',
      name: 'workload',
      message: 'What is it for?',
      choices: (a) => WORKLOADS.map((w) => line(w, WORKLOAD_MEANING[w], w, soFar(a).workload.includes(w))),
      validate: (picked: readonly unknown[]) =>
        picked.length > 0 || 'Pick at least one (space picks, return goes on).',
    },
    {
      type: 'select',
      name: 'topology.kind',
      message: 'Topology',
      default: (a: Answers) => soFar(a).topology.kind,
      choices: () => TOPOLOGIES.map((t) => line(t.title, t.meaning, t.kind)),
    },
    ...sizeQuestions(soFar),
    {
      type: 'input',
      name: 'memory.limit',
      message: 'Memory of one node, as a container limit (data gets about 55 to 80 % of it)',
      default: (a: Answers) => soFar(a).memory.limit,
      validate: (value: string) =>
        (parseBytes(value) ?? 0) >= 2 ** 26 || 'A size such as 512Mi or 4Gi, 64Mi at least.',
    },
    {
      type: 'select',
      name: 'persistence',
      message: 'Persistence',
      default: (a: Answers) => persistenceValue(soFar(a).persistence),
      choices: persistenceChoices,
    },
    {
      type: 'select',
      name: 'memory.eviction',
      message: 'When memory is full',
      default: (a: Answers) => soFar(a).memory.eviction,
      choices: (a) =>
        evictionPolicies(soFar(a).engine).map((p) => line(p, `${evictionMeaning(p)} ${evictionUse(p)}`, p)),
      pageSize: 10,
    },
    {
      type: 'checkbox',
      name: 'client.patterns',
      message: 'Caching patterns of the client',
      choices: () => PATTERNS.map((p) => line(p, PATTERN_MEANING[p], p, true)),
      validate: (picked: readonly unknown[]) => picked.length > 0 || 'Pick at least one.',
    },
    {
      type: 'checkbox',
      name: 'targets',
      message: 'What to write beside the configuration',
      choices: () => targets.map((t) => line(t.title, t.meaning, t.id, true)),
    },
  ];
}

function evictionUse(policy: string): string {
  if (policy === 'noeviction') return 'For queues, limits and primary data.';
  if (policy === 'volatile-lru') return 'For sessions, and for a cache beside data that must stay.';
  if (policy === 'allkeys-lfu') return 'For most caches.';
  if (policy === 'allkeys-lru') return 'For caches whose favourites change quickly.';
  return policy.startsWith('volatile-') ? 'For keys with a TTL beside keys that must stay.' : 'For caches.';
}

function engineChoices(): Choice[] {
  const all = ENGINE_NAMES.flatMap((name) => {
    const { title, lines, defaultLine, licence } = FAMILIES[name];
    return lines.toReversed().map((version) => ({
      name: `${title} ${version} – ${licence(version)}${version === defaultLine ? '; proven by this tool, the usual choice' : ''}`,
      short: `${title} ${version}`,
      value: { name, version },
      usual: version === defaultLine,
    }));
  });
  // What most people want stands first; the list is long.
  return [...all.filter((c) => c.usual), ...all.filter((c) => !c.usual)].map(
    ({ usual: _, ...choice }) => choice,
  );
}

function sizeQuestions(soFar: (answers: Answers) => StackSpec): readonly Question[] {
  return TOPOLOGIES.flatMap((t) =>
    t.sizeQuestions.map(
      (q): Question => ({
        type: 'select',
        name: `topology.${q.setting}`,
        message: q.message,
        when: (a) => soFar(a).topology.kind === t.kind,
        default: (a: Answers) => (soFar(a).topology as unknown as Record<string, unknown>)[q.setting],
        choices: () => q.choices.map((c) => line(String(c.value), c.meaning, c.value)),
      }),
    ),
  );
}

/** inquirer finds the default of a list by identity, so each choice has one object for good. */
const PERSISTENCE_VALUES = PERSISTENCE.map(([mode, appendfsync]) => ({ mode, appendfsync }));

function persistenceValue(wanted: StackSpec['persistence']) {
  return PERSISTENCE_VALUES.find((v) => v.mode === wanted.mode && v.appendfsync === wanted.appendfsync);
}

function persistenceChoices(): Choice[] {
  return PERSISTENCE.map(([, , short, meaning], i) => line(short, meaning, PERSISTENCE_VALUES[i]));
}

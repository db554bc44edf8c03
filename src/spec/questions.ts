import { evictionPolicies } from '../engines/catalogue.ts';
import { parseBytes } from '../model/bytes.ts';
import { evictionMeaning } from '../model/directives.ts';
import { TOPOLOGIES } from '../topologies/registry.ts';
import { completeSpec } from './complete.ts';
import {
  asItIs,
  type Choice,
  engineChoices,
  engineValue,
  type Heading,
  line,
  patternChoices,
  persistenceChoices,
  persistenceValue,
} from './question-choices.ts';
import { reviseByAnswers } from './revise.ts';
import { NAME, type SpecInput } from './schema.ts';
import { type StackSpec, WORKLOADS, type Workload } from './types.ts';

/** What has been answered so far, in the shape of the spec itself. */
export type Answers = SpecInput;

/** A question as inquirer and Yeoman both take it; `name` is a path in the spec. */
export interface Question {
  readonly type: 'input' | 'select' | 'checkbox' | 'confirm';
  readonly name: string;
  readonly message: string;
  readonly default?: unknown | ((answers: Answers) => unknown);
  readonly choices?: (answers: Answers) => (Choice | Heading)[];
  readonly when?: (answers: Answers) => boolean;
  readonly validate?: (value: never) => true | string;
  readonly pageSize?: number;
  /** Whether the last choice is followed by the first; by default it is. */
  readonly loop?: boolean;
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

/**
 * The questions, each with a default that follows from the answers before it. At most a dozen.
 * For a stack that exists the defaults are its present answers, and its name is no question.
 */
export function questions(
  directory: string,
  targets: readonly OfferedTarget[],
  present?: StackSpec,
): readonly Question[] {
  const given = (answers: Answers): SpecInput =>
    present ? (reviseByAnswers(present, answers as Record<string, unknown>) as SpecInput) : answers;
  const soFar = (answers: Answers): StackSpec => completeSpec(given(answers), directory).spec;
  return [
    ...(present ? [] : [nameQuestion(directory)]),
    {
      type: 'select',
      name: 'engine',
      message: 'Engine and release line',
      default: () => present && engineValue(present.engine),
      choices: () => engineChoices(present?.engine),
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
    ...sizeQuestions(soFar, present),
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
      choices: () => persistenceChoices(present?.persistence),
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
      type: 'confirm',
      name: 'security.tls',
      message: 'Encrypt every connection (TLS, with certificates made here)?',
      default: (a: Answers) => soFar(a).security.tls,
    },
    {
      type: 'checkbox',
      name: 'client.patterns',
      message: 'Patterns of the client',
      choices: (a) => patternChoices(soFar(a)),
      validate: (picked: readonly unknown[]) => picked.length > 0 || 'Pick at least one.',
      // With the question and its help it fits a terminal of 24 lines.
      pageSize: 18,
      loop: false,
    },
    {
      type: 'checkbox',
      name: 'targets',
      message: 'What to write beside the configuration',
      choices: (a) =>
        targets.map((t) =>
          line(t.title, t.meaning, t.id, (soFar(a).targets as readonly string[]).includes(t.id)),
        ),
    },
  ];
}

function nameQuestion(directory: string): Question {
  return {
    type: 'input',
    name: 'name',
    message: 'Name of the stack',
    default: NAME.test(directory) ? directory : 'redis',
    validate: (value: string) =>
      NAME.test(value) || 'Lower-case letters, digits and -, starting with a letter, 40 at most.',
  };
}

function evictionUse(policy: string): string {
  if (policy === 'noeviction') return 'For queues, limits and primary data.';
  if (policy === 'volatile-lru') return 'For sessions, and for a cache beside data that must stay.';
  if (policy === 'allkeys-lfu') return 'For most caches.';
  if (policy === 'allkeys-lru') return 'For caches whose favourites change quickly.';
  return policy.startsWith('volatile-') ? 'For keys with a TTL beside keys that must stay.' : 'For caches.';
}

function sizeQuestions(
  soFar: (answers: Answers) => StackSpec,
  present: StackSpec | undefined,
): readonly Question[] {
  return TOPOLOGIES.flatMap((t) =>
    t.sizeQuestions.map((q): Question => {
      const now = present?.topology.kind === t.kind ? sizeOf(present, q.setting) : undefined;
      return {
        type: 'select',
        name: `topology.${q.setting}`,
        message: q.message,
        when: (a) => soFar(a).topology.kind === t.kind,
        default: (a: Answers) => sizeOf(soFar(a), q.setting),
        choices: () => [
          ...(now === undefined || q.choices.some((c) => c.value === now) ? [] : [asItIs(now)]),
          ...q.choices.map((c) => line(String(c.value), c.meaning, c.value)),
        ],
      };
    }),
  );
}

function sizeOf(spec: StackSpec, setting: string): unknown {
  return (spec.topology as unknown as Record<string, unknown>)[setting];
}

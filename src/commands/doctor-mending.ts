import { colors } from '../colors.ts';
import { type Applied, applyFixes, undoOf } from '../doctor/apply.ts';
import { type CommandFix, type Mending, mendingOf, type SpecFix } from '../doctor/fixes.ts';
import type { Diagnosis } from '../doctor/types.ts';
import { problem } from '../problem.ts';
import type { System } from '../system.ts';
import { type Asking, confirmed } from './confirmed.ts';
import type { Subject } from './doctor-subject.ts';

/** What would mend the findings, ready to be copied. */
export function mendingWords(target: string, { findings, facts }: Diagnosis): string {
  const mending = mendingOf(findings);
  const isOurs = facts.model !== undefined;
  const lines = [
    ...section('In redis-stack.yaml:', mending.spec, (fix) => [
      `${updateCommand(target, [fix])}`,
      fix.effect,
    ]),
    ...section(
      isOurs ? 'On the servers, until they start again:' : 'On the servers, safe while they serve:',
      mending.live,
      commandLines,
    ),
    ...section('On the servers, by hand, at a time of your choosing:', mending.byHand, commandLines),
  ];
  return lines.length === 0 ? '\nNothing that a command would mend.\n' : `${lines.join('\n')}\n`;
}

function section<T>(
  title: string,
  all: readonly T[],
  words: (one: T) => readonly [string, string],
): readonly string[] {
  if (all.length === 0) return [];
  const lines = all.map(words).flatMap(([command, effect]) => [`  ${command}`, `    ${colors.dim(effect)}`]);
  return ['', colors.bold(title), ...lines];
}

const commandLines = ({ at, words, effect }: CommandFix): readonly [string, string] => [
  `${at}: ${words.map(quoted).join(' ')}`,
  effect,
];

const quoted = (word: string): string => (/^[\w.:@%+~*=,/-]+$/.test(word) ? word : JSON.stringify(word));

const updateCommand = (target: string, fixes: readonly SpecFix[]): string =>
  `create-redis-stack update ${target} ${fixes.map(({ path, value }) => `--set ${quoted(`${path}=${value}`)}`).join(' ')} --live`;

/** Does what is safe on servers that serve, after asking. Exit code 1 where something would not be done. */
export async function applyMending(
  system: System,
  args: Asking & { readonly target: string },
  subject: Subject,
  diagnosis: Diagnosis,
): Promise<number> {
  const mending = mendingOf(diagnosis.findings);
  if (diagnosis.facts.model !== undefined) return applySpec(system, args, subject, mending);
  if (subject.kind === 'spec' || mending.live.length === 0) return say(system, args, nothing);
  const count = mending.live.length;
  const question = `Give ${count === 1 ? 'this setting' : `these ${count} settings`} to the servers?`;
  if (!(await confirmed(system, args, question, unasked))) return say(system, args, 'Nothing was changed.');
  return give(system, args, { subject, mending, diagnosis });
}

const nothing = 'Nothing to do that is safe while servers serve.';

export const unasked = problem(
  'doctor/not-confirmed',
  '--apply',
  'It changes running servers, and nobody can be asked here.',
  'Look at --fix first, then add --yes.',
);

function say(system: System, { json }: Asking, text: string): number {
  (json ? system.err : system.out)(`\n${text}\n`);
  return 0;
}

/** The files of a stack own its settings, so they are changed first, and the servers follow. */
async function applySpec(
  system: System,
  args: Asking & { readonly target: string },
  subject: Subject,
  { spec }: Mending,
): Promise<number> {
  if (spec.length === 0) return say(system, args, nothing);
  const live = subject.kind === 'servers';
  const question = `Change redis-stack.yaml (${spec.map(({ path, value }) => `${path}: ${value}`).join(', ')})${live ? ' and bring the running servers along' : ''}?`;
  if (!(await confirmed(system, args, question, unasked))) return say(system, args, 'Nothing was changed.');
  const { update } = await import('./update.ts');
  return update(system, {
    dir: args.target,
    set: spec.map(({ path, value }) => `${path}=${value}`),
    short: {},
    ours: [],
    theirs: [],
    restore: [],
    ask: false,
    adopt: false,
    diff: false,
    live,
    timeoutSeconds: 60,
    dryRun: false,
    json: args.json,
  });
}

interface Giving {
  readonly subject: Extract<Subject, { kind: 'servers' }>;
  readonly mending: Mending;
  readonly diagnosis: Diagnosis;
}

async function give(system: System, args: Asking, { subject, mending, diagnosis }: Giving): Promise<number> {
  const tell = args.json ? system.err : system.out;
  const done = await applyFixes(mending.live, {
    addressOf: (name) => diagnosis.facts.nodes.find((node) => node.name === name)?.at,
    credentials: subject.target.credentials,
    onDone: (one) => tell(`${doneWords(one)}\n`),
  });
  const given = done.filter(({ error }) => error === undefined);
  if (given.length > 0) tell(`\n${undoWords(given)}\n`);
  return given.length === mending.live.length ? 0 : 1;
}

const doneWords = ({ fix, error }: Applied): string =>
  error === undefined
    ? `${colors.green('done')}    ${fix.at}: ${fix.words.map(quoted).join(' ')}`
    : `${colors.red('refused')} ${fix.at}: ${fix.words.map(quoted).join(' ')}: ${error}`;

const undoWords = (given: readonly Applied[]): string =>
  [
    'The servers forget it when they start again; CONFIG REWRITE keeps it in their file. What was there before:',
    ...given.map((one) => `  ${one.fix.at}: ${undoOf(one).map(quoted).join(' ')}`),
  ].join('\n');

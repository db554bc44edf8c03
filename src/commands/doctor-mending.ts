import { colors } from '../colors.ts';
import { type Applied, applyFixes } from '../doctor/apply.ts';
import {
  type CommandFix,
  isSafeLive,
  type Mending,
  mendingOf,
  needsMigration,
  type SpecFix,
} from '../doctor/fixes.ts';
import type { Diagnosis } from '../doctor/types.ts';
import { problem } from '../problem.ts';
import type { System } from '../system.ts';
import { visible } from '../visible.ts';
import { type Asking, confirmed } from './confirmed.ts';
import type { Subject } from './doctor-subject.ts';

type Applying = Asking & { readonly target: string };

/** What would mend the findings, ready to be copied. */
export function mendingWords(target: string, { findings, facts }: Diagnosis): string {
  const mending = mendingOf(findings);
  const isOurs = facts.model !== undefined;
  const lines = [
    ...section('In redis-stack.yaml:', mending.spec, (fix) => [specCommand(target, fix), fix.effect]),
    ...section('Servers that differ from their files:', mending.drifted && isOurs ? [target] : [], () => [
      `create-redis-stack update ${target} --live`,
      'What was set by hand is put back as the files have it.',
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
  const lines = all
    .map(words)
    .flatMap(([command, effect]) => [`  ${visible(command)}`, `    ${colors.dim(visible(effect))}`]);
  return ['', colors.bold(title), ...lines];
}

function specCommand(target: string, fix: SpecFix): string {
  const set = `--set ${quoted(`${fix.path}=${fix.value}`)}`;
  return needsMigration(fix)
    ? `create-redis-stack migrate ${target} ${set}`
    : `create-redis-stack update ${target} ${set} --live`;
}

const commandLines = ({ at, words, effect }: CommandFix): readonly [string, string] => [
  `${at}: ${inOneLine(words)}`,
  effect,
];

const inOneLine = (words: readonly string[]): string => words.map(quoted).join(' ');

const quoted = (word: string): string => (/^[\w.:@%+~*=,/-]+$/.test(word) ? word : JSON.stringify(word));

/** Does what is safe on servers that serve, after asking. Exit code 1 where something would not be done. */
export async function applyMending(
  system: System,
  args: Applying,
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
  args: Applying,
  subject: Subject,
  mending: Mending,
): Promise<number> {
  const spec = mending.spec.filter(isSafeLive);
  const live = subject.kind === 'servers';
  if (spec.length === 0 && !(live && mending.drifted)) return say(system, args, nothing);
  if (!(await confirmed(system, args, specQuestion(spec, live), unasked)))
    return say(system, args, 'Nothing was changed.');
  const { update } = await import('./update.ts');
  // The output of programs is the diagnosis alone.
  return update(args.json ? { ...system, out: system.err } : system, {
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

function specQuestion(spec: readonly SpecFix[], live: boolean): string {
  const change = `Change redis-stack.yaml (${spec.map(({ path, value }) => `${path}: ${value}`).join(', ')})`;
  if (spec.length === 0) return 'Bring the running servers to what their files say?';
  return live ? `${change} and bring the running servers along?` : `${change}?`;
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
    onBegin: ({ at, words }, undo) =>
      tell(`\n${at}: ${inOneLine(words)}\n  ${colors.dim(`the way back: ${inOneLine(undo)}`)}\n`),
    onDone: (one) => tell(doneWords(one)),
  });
  const given = done.filter(({ error }) => error === undefined);
  if (given.length > 0)
    tell('\nThe servers forget it when they start again; CONFIG REWRITE keeps it in their file.\n');
  return given.length === mending.live.length ? 0 : 1;
}

const doneWords = ({ fix, error }: Applied): string =>
  error === undefined
    ? `  ${colors.green('done')}\n`
    : `  ${colors.red('refused')} ${fix.at}: ${inOneLine(fix.words)}: ${error}\n`;

import { colors } from '../colors.ts';
import { type CommandFix, type Mending, mendingOf, needsMigration, type SpecFix } from '../doctor/fixes.ts';
import type { Diagnosis } from '../doctor/types.ts';
import { visible } from '../visible.ts';
import { driftFixes } from './doctor-drift.ts';
import type { Subject } from './doctor-subject.ts';

/** What would mend the findings, ready to be copied. */
export function mendingWords(target: string, subject: Subject, diagnosis: Diagnosis): string {
  const mending = mendingOf(diagnosis.findings);
  const isOurs = diagnosis.facts.model !== undefined;
  const way = wayOf(subject);
  const isAway = way !== undefined && isOurs && diagnosis.facts.silent.length > 0;
  const lines = [
    ...section('Nodes that do not answer:', isAway ? [target] : [], () => [
      upCommand(target),
      'What does not run is started.',
    ]),
    ...section('In redis-stack.yaml:', mending.spec, (fix) => [specCommand(target, fix, way), fix.effect]),
    ...(way === 'compose' ? inContainers(target, mending, diagnosis, isAway) : []),
    ...section(
      'Servers that differ from their files:',
      mending.drifted && way === 'native' ? [target] : [],
      () => [
        `create-redis-stack update ${target} --live`,
        'What was set by hand is put back as the files have it.',
      ],
    ),
    ...section(
      isOurs ? 'On the servers, until they start again:' : 'On the servers, safe while they serve:',
      mending.live,
      commandLines,
    ),
    ...section('On the servers, by hand, at a time of your choosing:', mending.byHand, commandLines),
  ];
  return lines.length === 0 ? '\nNothing that a command would mend.\n' : `${lines.join('\n')}\n`;
}

export const wayOf = (subject: Subject) => (subject.kind === 'servers' ? subject.way : undefined);

/** There `up` takes over what has changed in files, and knows nothing of what was set by hand. */
function inContainers(
  target: string,
  mending: Mending,
  { findings, facts }: Diagnosis,
  isSaid: boolean,
): readonly string[] {
  const settings = mending.drifted ? driftFixes(facts) : [];
  const isOther = settings.length === 0 && findings.some(({ id }) => id === 'differs-from-model');
  const needsUp = !isSaid && (isOther || mending.spec.some((fix) => !needsMigration(fix)));
  return [
    ...section('Servers that differ from their files:', settings, commandLines),
    ...section('For containers to take over what has changed in files:', needsUp ? [target] : [], () => [
      upCommand(target),
      'Nodes whose files have changed are restarted one by one, each primary after it has handed over.',
    ]),
  ];
}

export const upCommand = (target: string): string => `create-redis-stack up ${target}`;

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

function specCommand(target: string, fix: SpecFix, way: ReturnType<typeof wayOf>): string {
  const set = `--set ${quoted(`${fix.path}=${fix.value}`)}`;
  if (needsMigration(fix)) return `create-redis-stack migrate ${target} ${set}`;
  return `create-redis-stack update ${target} ${set}${way === 'native' ? ' --live' : ''}`;
}

const commandLines = ({ at, words, effect }: CommandFix): readonly [string, string] => [
  `${at}: ${inOneLine(words)}`,
  effect,
];

export const inOneLine = (words: readonly string[]): string => words.map(quoted).join(' ');

const quoted = (word: string): string => (/^[\w.:@%+~*=,/-]+$/.test(word) ? word : JSON.stringify(word));

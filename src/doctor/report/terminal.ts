import { colors } from '../../colors.ts';
import { humanBytes } from '../../model/bytes.ts';
import type { Severity } from '../../problem.ts';
import { cut, visible } from '../../visible.ts';
import { RULES } from '../rules/index.ts';
import type { Answer, Diagnosis, Rule } from '../types.ts';
import { countsOf, type Entry, entriesOf, remediesOf } from './entries.ts';
import { aclLineOf, askedOf, howLooked, releasesOf, topologyOf, unseenOf } from './subject.ts';
import { hanging, wrapped } from './wrap.ts';

export interface Screen {
  /** Width of the terminal. */
  readonly columns: number;
  readonly rules?: readonly Rule[];
}

/** Beyond these, places and evidence are only counted; `--json` has all. */
const MOST_PLACES = 5;
const MOST_EVIDENCE = 3;

const INDENT = '  ';
const PAINT = { error: colors.red, warning: colors.yellow, note: colors.cyan } as const;
const ANSWERS = { yes: 'yes', no: 'no', unseen: 'cannot see' } as const;

/** The diagnosis for people: what was looked at, the checklist, findings with the worst first. */
export function terminal(diagnosis: Diagnosis, { columns, rules = RULES }: Screen): string {
  const width = Math.max(40, Math.min(columns, 120));
  const entries = entriesOf(diagnosis, rules);
  const lines = [
    ...head(diagnosis, width),
    ...checklist(diagnosis.checklist, width),
    ...entries.flatMap((entry) => ['', ...printed(entry, width)]),
    '',
    ...summary(diagnosis, width),
  ];
  return `${lines.join('\n')}\n`;
}

function head({ facts }: Diagnosis, width: number): readonly string[] {
  const what = [topologyOf(facts), ...releasesOf(facts)].join(', ');
  const [first = '', ...rest] = wrapped(visible(`${askedOf(facts)}: ${what}`), width);
  const silent = facts.silent.map(({ at, why }) => `No answer from ${at}: ${why}`);
  return [
    colors.bold(first),
    ...rest.map(colors.bold),
    ...wrapped(howLooked(facts), width),
    ...silent.flatMap((line) => wrapped(visible(line), width)).map(colors.red),
    ...notSeen(facts, width),
  ];
}

function notSeen(facts: Diagnosis['facts'], width: number): readonly string[] {
  const unseen = unseenOf(facts);
  if (unseen.length === 0) return [];
  const acl = aclLineOf(facts);
  const what = `Could not see ${unseen.map((one) => one.what).join(', ')}.`;
  return [
    ...wrapped(visible(what), width),
    ...(acl ? wrapped(visible(`To allow it: ${acl}`), width) : []),
  ].map(colors.yellow);
}

function checklist(answers: readonly Answer[], width: number): readonly string[] {
  if (answers.length === 0) return [];
  const paint = { yes: colors.green, no: colors.red, unseen: colors.yellow };
  return [
    '',
    colors.bold('Checklist'),
    ...answers.flatMap(({ question, answer }) => {
      const mark = ANSWERS[answer].padEnd('cannot see'.length + 2);
      const [first = '', ...rest] = hanging(`${INDENT}${mark}`, question, width);
      return [first.replace(mark, paint[answer](mark)), ...rest];
    }),
  ];
}

function printed(entry: Entry, width: number): readonly string[] {
  const { id, severity, findings, rule } = entry;
  const [only] = findings;
  const many = findings.length > 1;
  const title = many ? `${rule?.title ?? id}: ${findings.length} places` : visible(only?.at ?? '');
  const said = many ? places(entry, width) : hanging(INDENT, visible(only?.message ?? ''), width);
  return [
    headline(severity, id, title, width),
    ...said,
    ...remediesOf(entry).flatMap((remedy) => hanging(`${INDENT}→ `, visible(remedy), width)),
    ...evidence(entry, width).map(colors.dim),
  ];
}

function headline(severity: Severity, id: string, title: string, width: number): string {
  const room = width - severity.length - id.length - 2;
  return `${PAINT[severity](severity)} ${colors.bold(id)} ${cut(title, room)}`;
}

function places({ findings }: Entry, width: number): readonly string[] {
  const shown = findings.slice(0, MOST_PLACES).flatMap(({ at, message }) => {
    return hanging(`${INDENT}- `, `${visible(at)}: ${visible(message)}`, width);
  });
  const more = findings.length - MOST_PLACES;
  return more > 0 ? [...shown, `${INDENT}- and ${more} more`] : shown;
}

function evidence({ findings }: Entry, width: number): readonly string[] {
  const seen = [...new Set(findings.flatMap((one) => one.evidence))];
  const shown = seen.slice(0, MOST_EVIDENCE).map(visible);
  if (shown.length === 0) return [];
  const more = seen.length - shown.length;
  const line = `${INDENT}${shown.join('  ')}${more > 0 ? `  and ${more} more` : ''}`;
  return [cut(line, width)];
}

function summary({ findings }: Diagnosis, width: number): readonly string[] {
  const freed = findings.reduce((bytes, { saves }) => bytes + (saves?.bytes ?? 0), 0);
  const counts = countsOf(findings);
  const worst = findings[0]?.severity;
  const text = `${counts.charAt(0).toUpperCase()}${counts.slice(1)}.`;
  const saved = freed > 0 ? wrapped(`Changes named here would free up to ${humanBytes(freed)}.`, width) : [];
  return [worst ? PAINT[worst](text) : colors.green(text), ...saved];
}

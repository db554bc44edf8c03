import { KEY_BYTES } from '../advise/fill.ts';
import { elementBytes } from '../advise/measure.ts';
import type { Figure, Measured } from '../advise/types.ts';
import { colors } from '../colors.ts';
import { compareLines } from '../engines/releases.ts';
import { humanBytes } from '../model/bytes.ts';
import {
  type Advice,
  type Ground,
  importLine,
  type Need,
  PURPOSES,
  type Sample,
} from '../structures/index.ts';
import { PATTERN_FACTS } from '../targets/client/patterns.ts';
import { alignedTable } from './table.ts';

/** Everything that is said. */
export interface Told {
  readonly need: Need;
  readonly ground: Ground;
  readonly advice: readonly Advice[];
  readonly measured: Measured | undefined;
  /** Why there are no figures, or not of the server that was meant. */
  readonly remark: string | undefined;
  /** The command that adds the pattern to a stack. */
  readonly next: string | undefined;
}

/** How many other ways are named. */
export const OTHERS = 3;

/** The first way in full, others in a line or two. */
export function advisedText(told: Told): string {
  const { advice, ground, need } = told;
  const [best] = advice;
  if (best === undefined) return nothingFits(told);
  const head = [need.purpose && PURPOSES[need.purpose], `${ground.title} ${ground.version}`];
  return [
    colors.dim(head.filter((part) => part !== undefined).join(' · ')),
    ...warnings(best, advice),
    firstText(best),
    section('Commands', commandsText(best)),
    section('Encodings', encodingsText(best, ground)),
    section('Memory', memoryText(told, best)),
    section('Avoid', listed([...best.use.avoid, ...best.structure.avoid])),
    section(
      'Other ways',
      advice
        .slice(1, 1 + OTHERS)
        .map((one) => otherText(one, told.measured))
        .join('\n'),
    ),
    section('In your client', clientText(best, told.next)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function warnings(best: Advice, advice: readonly Advice[]): readonly string[] {
  const better = advice.find(({ unavailable, score }) => unavailable !== undefined && score > best.score);
  const lines = [
    ...(best.unavailable === undefined ? [] : [`Not on this server: ${best.unavailable}.`]),
    ...(best.against.length === 0 ? [] : ['Nothing here fits every answer; this comes nearest.']),
    ...(better ? [`Better, but not here: ${better.use.title} (${better.unavailable}).`] : []),
  ];
  return lines.length === 0 ? [] : [lines.map(colors.yellow).join('\n')];
}

const nothingFits = ({ ground }: Told): string =>
  `No structure of ${ground.title} ${ground.version} fits all of these answers. Leave one out: --access or --order first.\n`;

const section = (title: string, text: string): string =>
  text === '' ? '' : `${colors.bold(title)}\n${text.replaceAll(/^(?=.)/gm, '  ')}`;

const listed = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

function firstText({ use, structure, ...said }: Advice): string {
  const lines = [
    `${structure.title.charAt(0).toUpperCase()}${structure.title.slice(1)}: ${structure.is}.`,
    use.why,
    ...said.for.map((one) => `${colors.green('+')} ${one}`),
    ...said.against.map((one) => `${colors.yellow('-')} ${one}`),
  ];
  return section(use.title, lines.join('\n'));
}

const commandsText = ({ use, structure }: Advice): string =>
  alignedTable((use.commands ?? structure.commands).map(({ words, cost, does }) => [words, cost, does]));

function encodingsText({ structure }: Advice, { name, version }: Ground): string {
  const here = structure.encodings.filter(({ since }) => {
    const from = since?.[name];
    return since === undefined || (from !== undefined && compareLines(version, from) >= 0);
  });
  return alignedTable(here.map(({ name: encoding, until }) => [encoding, until]));
}

function memoryText({ measured, remark, need }: Told, { use }: Advice): string {
  const lines = remark === undefined ? [] : [`${remark}.`];
  const figures = measured?.figures.get(use.id);
  if (measured === undefined || figures === undefined || use.sample === undefined) return lines.join('\n');
  const size = elementBytes(use.sample, measured.bytes);
  const rows = figures.map((figure) => figureRow(figure, use.sample));
  return [
    ...lines,
    `Measured on ${measured.where}, ${sizeInWords(use.sample, size)}:`,
    alignedTable(rows).replaceAll(/^/gm, '  '),
    ...totalText(figures, need, use.sample),
    ...(measured.hasTable || !isKeyEach(use.sample)
      ? []
      : ['Each key takes 8 to 16 bytes more in the table of all keys.']),
  ].join('\n');
}

const isKeyEach = ({ kind }: Sample): boolean => /-keys$|^logged/.test(kind);

function sizeInWords(sample: Sample, size: number): string {
  const { kind, element } = sample;
  if (kind === 'bits' || kind === 'counter-keys' || kind === 'hash-counters')
    return kind === 'counter-keys' ? `keys of ${KEY_BYTES} bytes` : `${one(element)} each`;
  const keys = isKeyEach(sample) ? `, keys of ${KEY_BYTES} bytes` : '';
  return `${one(element)} of ${humanBytes(size)}${keys}`;
}

const one = (element: string): string => `${/^[aeiou]/.test(element) ? 'an' : 'a'} ${element}`;

const rounded = (bytes: number): string =>
  bytes < 100 ? bytes.toFixed(1) : Math.round(bytes).toLocaleString('en');

function figureRow({ elements, bytesPerElement, encoding }: Figure, sample: Sample | undefined) {
  return [
    elements,
    elements === 1 ? (sample?.element ?? '') : 'of them',
    encoding ?? '',
    `${rounded(bytesPerElement)} bytes each`,
  ];
}

/** What so many will take; figures of the nearest count that is not larger stand for it. */
function totalText(figures: readonly Figure[], { elements }: Need, { kind }: Sample): readonly string[] {
  const nearest = figures.findLast((one) => elements !== undefined && one.elements <= elements) ?? figures[0];
  if (elements === undefined || nearest === undefined) return [];
  // A sketch does not grow any more.
  const counted = kind === 'sketch' ? nearest.elements : elements;
  const total = humanBytes(Math.round(counted * nearest.bytesPerElement));
  return [`${elements.toLocaleString('en')} of them take about ${total}.`];
}

function otherText({ use, against, unavailable, structure }: Advice, measured: Measured | undefined): string {
  const figures = measured?.figures.get(use.id) ?? [];
  const each = figures.map(
    ({ elements, bytesPerElement }) => `${rounded(bytesPerElement)} at ${elements.toLocaleString('en')}`,
  );
  return [
    `${colors.bold(use.title)} (${structure.title}${use.pattern ? `, pattern ${use.pattern}` : ''})`,
    `  ${use.trade}`,
    ...(each.length === 0 ? [] : [`  Bytes each: ${each.join(', ')}.`]),
    ...against.map((one) => `  ${colors.yellow('-')} ${one}`),
    ...(unavailable === undefined ? [] : [`  ${colors.yellow('-')} not on this server: ${unavailable}`]),
  ].join('\n');
}

function clientText({ use }: Advice, next: string | undefined): string {
  if (use.pattern === undefined)
    return 'It has no pattern for this; the library of the client sends any command.';
  const { meaning } = PATTERN_FACTS[use.pattern];
  const beside = use.beside ?? [];
  const own = use.pattern === 'scripts' && use.id !== 'own-script';
  return [
    ...(own ? ['There is no pattern for it alone; it is a few lines of your own with this one:'] : []),
    `${use.pattern}: ${meaning}`,
    colors.cyan(importLine(use.pattern)),
    ...(beside.length === 0 ? [] : [`Goes well with: ${beside.join(', ')}.`]),
    ...(next === undefined ? [] : [next]),
  ].join('\n');
}

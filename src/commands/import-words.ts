import { colors } from '../colors.ts';
import type { Imported } from '../import/index.ts';
import type { KeyAccount, Verdict } from '../import/types.ts';
import { visible } from '../visible.ts';

/** In the order of the screen: first what was done, then what is to do, last what needs no thought. */
const TITLES: readonly (readonly [Verdict, string])[] = [
  ['taken', 'Taken over into the spec:'],
  ['elsewhere', 'Has another place; set it there:'],
  ['secret', 'Secrets, which no spec holds:'],
  ['not-possible', 'Not possible here:'],
  ['unknown', 'Unknown:'],
  ['not-needed', 'Not needed here:'],
];

/** The account for people: one block a verdict, one entry a key; keys that are as the chart comes are counted. */
export function accountLines(imported: Imported, all: boolean): readonly string[] {
  const { recognised, parsed, keys } = imported;
  const { chart, by } = recognised;
  const how = by.length > 0 ? `, by ${by.join(', ')}` : '';
  const blocks = TITLES.flatMap(([verdict, title]) =>
    block(
      title,
      keys.filter((key) => key.verdict === verdict),
      parsed.spec.name,
    ),
  );
  const untouched = keys.filter((key) => key.verdict === 'default');
  return [
    `Values of the Bitnami chart ${colors.bold(chart)}${how}: ${count(keys.length)}.`,
    ...blocks,
    ...decisions(imported.implied),
    ...(all ? block('As the chart comes:', untouched, parsed.spec.name) : counted(untouched.length)),
  ];
}

function decisions(implied: Imported['implied']): readonly string[] {
  if (implied.length === 0) return [];
  const lines = implied.map(
    ({ path, value, why }) =>
      `  ${path} ${Array.isArray(value) ? value.join(', ') : String(value)}  ${colors.dim(why)}`,
  );
  return ['', colors.bold('In the spec, though the file does not say so:'), ...lines];
}

function counted(untouched: number): readonly string[] {
  if (untouched === 0) return [];
  return ['', `${colors.bold('As the chart comes:')} ${count(untouched)}; --all lists them.`];
}

function block(title: string, keys: readonly KeyAccount[], name: string): readonly string[] {
  if (keys.length === 0) return [];
  return ['', colors.bold(title), ...keys.flatMap((key) => entry(key, name))];
}

function entry({ key, line, value, to, why }: KeyAccount, name: string): readonly string[] {
  const where = line === undefined ? '' : `${line}: `;
  const says = value === undefined ? '' : ` = ${visible(value)}`;
  const target = to === undefined ? '' : `  → ${place(to, name)}`;
  return [
    `  ${where}${visible(key)}${says}${target}`,
    `      ${colors.dim(visible(why.replaceAll('<name>', name)))}`,
  ];
}

/** `helm:` stands for the values file of the chart. */
function place(to: string, name: string): string {
  return visible(to.startsWith('helm:') ? `helm/${name}/values.yaml: ${to.slice(5)}` : to);
}

function count(keys: number): string {
  return keys === 1 ? '1 key' : `${keys} keys`;
}

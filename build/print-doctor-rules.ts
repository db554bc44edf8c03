import { CHECKLIST } from '../src/doctor/checklist/index.ts';
import { RULES } from '../src/doctor/rules/index.ts';
import { GROUPS, type Group, type Rule } from '../src/doctor/types.ts';

/** docs/generated/doctor-rules.md: the checklist, and every rule with why it is there and what to do. */
export function printedRules(): string {
  const groups = GROUPS.filter((group) => RULES.some((rule) => rule.group === group));
  return [INTRODUCTION, ...checklist(), ...groups.flatMap(section)].join('\n');
}

const INTRODUCTION = `# Rules of the doctor

What \`create-redis-stack doctor\` holds a server or a spec against. The severity is the worst that a rule gives: \`error\`
where data or service is being lost or anybody can take it, \`warning\` where it will be or costs much, \`note\` where it
is worth knowing. Leave a rule out with \`--ignore <id>\`.
`;

function checklist(): readonly string[] {
  if (CHECKLIST.length === 0) return [];
  const rows = CHECKLIST.map(({ question, why }) => [question, why]);
  return ['## Checklist', '', 'Answered yes, no or cannot see.', '', ...table(['question', 'why'], rows), ''];
}

function section(group: Group): readonly string[] {
  const rules = RULES.filter((rule) => rule.group === group);
  const rows = rules.map(({ id, severity, title }) => [`[\`${id}\`](#${id})`, severity, title]);
  return [
    `## ${group.charAt(0).toUpperCase()}${group.slice(1)}`,
    '',
    ...table(['rule', 'worst', 'what it finds'], rows),
    '',
    ...rules.flatMap(printed),
  ];
}

const printed = ({ id, severity, title, looksAt, why, fix, sources }: Rule): readonly string[] => [
  `### ${id}`,
  '',
  `${title}. ${why}`,
  '',
  `- severity: ${severity}`,
  `- looks at: ${looksAt.map((one) => `\`${one}\``).join(', ')}`,
  `- what to do: ${fix}`,
  `- sources: ${sources.map((one) => `<${one}>`).join(', ')}`,
  '',
];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`);

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

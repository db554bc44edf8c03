import type { Severity } from '../../problem.ts';
import type { Diagnosis, Finding, Group, Rule } from '../types.ts';

/** All that one rule has found. */
export interface Entry {
  readonly id: string;
  readonly group: Group;
  /** The worst of its findings. */
  readonly severity: Severity;
  /** Undefined where no rule of that id is known. */
  readonly rule: Rule | undefined;
  readonly findings: readonly Finding[];
}

export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** Findings by their rules, in the order of the first and worst of each. */
export function entriesOf({ findings }: Diagnosis, rules: readonly Rule[]): readonly Entry[] {
  const byRule = new Map<string, Finding[]>();
  for (const finding of findings) byRule.set(finding.id, [...(byRule.get(finding.id) ?? []), finding]);
  return [...byRule].flatMap(([id, found]) => {
    const [worst] = found;
    if (!worst) return [];
    const { group, severity } = worst;
    return [{ id, group, severity, rule: rules.find((rule) => rule.id === id), findings: found }];
  });
}

/** `2 errors, 1 warning`; `nothing to mend` where there is none. */
export function countsOf(findings: readonly Finding[]): string {
  const parts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return parts.length === 0 ? 'nothing to mend' : parts.join(', ');
}

/** What to do about an entry: the remedy that its findings share, or the general one of the rule. */
export function remediesOf({ findings, rule }: Entry): readonly string[] {
  const remedies = [...new Set(findings.map(({ remedy }) => remedy))];
  if (remedies.length <= 2 || !rule) return remedies.slice(0, 2);
  return [rule.fix];
}

import type { Severity } from '../problem.ts';
import { CHECKLIST } from './checklist/index.ts';
import type { Facts } from './facts.ts';
import { RULES } from './rules/index.ts';
import { type Diagnosis, type Finding, GROUPS } from './types.ts';

const ORDER: readonly Severity[] = ['error', 'warning', 'note'];

/** Holds facts against every rule and the checklist. Pure. */
export function diagnose(facts: Facts): Diagnosis {
  const found = RULES.flatMap(({ id, group, severity, find }) =>
    find(facts).map((one): Finding => ({ severity, fixes: [], ...one, id, group })),
  );
  return {
    facts,
    checklist: CHECKLIST.map(({ id, question, answer }) => ({ id, question, ...answer(facts) })),
    findings: found.sort(
      (a, b) =>
        ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) ||
        GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group),
    ),
  };
}

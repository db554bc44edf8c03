import type { StackModel } from '../model/types.ts';
import type { Problem } from '../problem.ts';
import type { System } from '../system.ts';

export interface CheckContext {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
}

/** What a checker found. `skipped` says why it could not look. */
export interface CheckResult {
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly said: string;
  readonly findings: readonly Problem[];
}

/** One program or one question that the stack is held against; one file, and one line in the registry. */
export interface Checker {
  readonly id: string;
  readonly title: string;
  /** False where this stack has nothing for it to look at. */
  readonly applies: (model: StackModel) => boolean;
  readonly run: (context: CheckContext) => Promise<CheckResult>;
}

export function judge(findings: readonly Problem[], said: string): CheckResult {
  return { status: findings.some((f) => f.severity === 'error') ? 'failed' : 'ok', said, findings };
}

export function skipped(said: string): CheckResult {
  return { status: 'skipped', said, findings: [] };
}

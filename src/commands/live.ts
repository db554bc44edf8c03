import { sentinel } from '../checks/sentinel.ts';
import { server } from '../checks/server.ts';
import type { CheckResult } from '../checks/types.ts';
import { colors } from '../colors.ts';
import { applyLive, type LiveResult, type NodeWork } from '../local/live/index.ts';
import type { StackModel } from '../model/types.ts';
import type { Plan } from '../plan/types.ts';
import type { Problem } from '../problem.ts';
import type { Files, System } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import { colouredProblem } from './problems.ts';
import { withProgress } from './progress.ts';
import type { LiveOutcome } from './update-report.ts';

export interface LiveArguments {
  readonly root: string;
  readonly model: StackModel;
  readonly plan: Plan;
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Brings running servers to what their files say, after the programs have accepted those files. */
export async function bringLive(system: System, args: LiveArguments): Promise<LiveOutcome> {
  const { root, model, dryRun, json } = args;
  return withProgress(system, json, async (onProgress) => {
    onProgress('trying the new configuration on scratch servers');
    const refused = dryRun ? [] : await tryOut(system, root, model);
    if (refused.length > 0) return notTried(refused);
    const seen = dryRun ? { ...system, files: asPlanned(system.files, root, args.plan) } : system;
    const result = await applyLive(seen, root, model, { ...args, onProgress });
    return {
      ok: result.failed === undefined && result.left.length === 0,
      lines: describe(result, dryRun),
      data: toJson(result),
    };
  });
}

/** A line that a server refuses must be found before the first of the running ones has met it. */
async function tryOut(system: System, root: string, model: StackModel): Promise<readonly Problem[]> {
  const chosen = [server, sentinel].filter((checker) => checker.applies(model));
  const results: CheckResult[] = [];
  for (const checker of chosen) results.push(await checker.run({ system, root, model }));
  return results.filter((r) => r.status === 'failed').flatMap((r) => r.findings);
}

function notTried(refused: readonly Problem[]): LiveOutcome {
  const said =
    'The files are written; no running server was touched, for a scratch server did not take them:';
  return { ok: false, lines: ['', said, ...refused.map(colouredProblem)], data: { refused } };
}

/** The disk as it would be, for a look ahead. */
function asPlanned(files: Files, root: string, plan: Plan): Files {
  const texts = new Map(
    plan.changes
      .filter((c) => c.text !== undefined && c.action !== 'conflict')
      .map((c) => [inside(root, c.path), c.text]),
  );
  return { ...files, read: (path) => texts.get(path) ?? files.read(path) };
}

function describe(result: LiveResult, dryRun: boolean): readonly string[] {
  const { work, configured, restarted, left, failed } = result;
  const lines = work.flatMap((one) => describeNode(one));
  if (lines.length === 0) return ['', 'The running servers have all of it already.'];
  const title = dryRun
    ? 'On the running servers this would be done, in this order:'
    : 'On the running servers:';
  return [
    '',
    colors.bold(title),
    ...lines,
    ...(dryRun ? [] : summary(configured, restarted)),
    ...left.map(({ node, why }) => colors.yellow(`  ${node} was not restarted: ${why}.`)),
    ...(failed ? ['', colouredProblem(failed)] : []),
  ];
}

function summary(configured: readonly string[], restarted: readonly string[]): readonly string[] {
  return [
    ...(configured.length > 0 ? [`  set: ${configured.join(', ')}`] : []),
    ...(restarted.length > 0 ? [`  restarted, in this order: ${restarted.join(', ')}`] : []),
  ];
}

function describeNode({ node, role, settings, users, restart }: NodeWork): readonly string[] {
  const parts = [
    ...settings.map(
      (s) => `${s.name} ${s.present === '' ? '""' : s.present} → ${s.value === '' ? '""' : s.value}`,
    ),
    ...(users ? ['users'] : []),
    ...(restart.length > 0 ? [`restart for ${restart.join(', ')}`] : []),
  ];
  return parts.length === 0 ? [] : [`  ${node.name} (${role}): ${parts.join('; ')}`];
}

function toJson({ work, configured, restarted, left, failed }: LiveResult) {
  const nodes = work.map(({ node, role, settings, users, restart }) => ({
    name: node.name,
    role,
    settings,
    users,
    restart,
  }));
  return { nodes, configured, restarted, left, ...(failed ? { failed } : {}) };
}

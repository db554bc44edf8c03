import { type Problem, problem } from '../problem.ts';
import { inside } from '../workspace/paths.ts';
import { askProgram } from './program.ts';
import { type CheckContext, type Checker, type CheckResult, judge, skipped } from './types.ts';

const RULES = 'monitoring/rules/redis-stack.yml';
const CONFIG = 'monitoring/prometheus.yml';

/** Holds the scrape settings and the alert rules against Prometheus' own tool. */
export const monitoring: Checker = {
  id: 'monitoring',
  title: 'Prometheus takes its settings and the alert rules',
  applies: (model) => model.spec.targets.includes('monitoring'),
  run: checkMonitoring,
};

const QUESTIONS = [
  { at: RULES, words: ['check', 'rules'], message: 'Prometheus does not take the alert rules.' },
  {
    at: CONFIG,
    words: ['check', 'config', '--syntax-only'],
    message: 'Prometheus does not take its settings.',
  },
] as const;

async function checkMonitoring(context: CheckContext): Promise<CheckResult> {
  if (!(await promtool(context, ['--version'])).ok)
    return skipped('promtool, which comes with Prometheus, is not installed here.');
  const findings: Problem[] = [];
  for (const { at, words, message } of QUESTIONS) {
    const said = await promtool(context, [...words, inside(context.root, at)]);
    if (said.ok) continue;
    const found = problem('monitoring/refused', at, message, 'Mend what it names, or take back the edit.');
    findings.push({ ...found, detail: `${said.stdout}${said.stderr}`.trim().split('\n').slice(-12) });
  }
  return judge(findings, 'rules and settings by promtool');
}

const promtool = ({ system }: CheckContext, args: readonly string[]) => askProgram(system, 'promtool', args);

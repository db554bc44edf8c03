import { type Problem, problem } from '../problem.ts';
import { OLDEST_KUBERNETES } from '../targets/helm/chart.ts';
import { inside } from '../workspace/paths.ts';
import { askProgram } from './program.ts';
import { type CheckContext, type Checker, type CheckResult, judge, skipped } from './types.ts';

/** Has Helm lint and render the chart with its own values, for the oldest Kubernetes that it promises to run on. */
export const helm: Checker = {
  id: 'helm',
  title: 'Helm takes the chart',
  applies: (model) => model.spec.targets.includes('helm'),
  run: checkHelm,
};

async function checkHelm(context: CheckContext): Promise<CheckResult> {
  const version = await ask(context, ['version', '--short']);
  if (!version.ok) return skipped('helm is not installed here.');
  const { name } = context.model.spec;
  const chart = inside(context.root, `helm/${name}`);
  const kubernetes = ['--kube-version', OLDEST_KUBERNETES];
  const linted = await ask(context, ['lint', chart, '--strict', ...kubernetes]);
  if (!linted.ok) return refused(name, 'Helm finds mistakes in the chart.', linted.text);
  const rendered = await ask(context, ['template', name, chart, ...kubernetes]);
  if (!rendered.ok) return refused(name, 'Helm does not render the chart.', rendered.text);
  return judge([], `linted and rendered by Helm ${version.text.trim()}`);
}

/** Lines of Helm that tell nothing of what is wrong. */
const NOISE = /^(==>|\[INFO\]|Error: \d+ chart\(s\)|Use --debug|\s*$)/;

/** With Helm's own words. */
function refused(name: string, message: string, said: string): CheckResult {
  const detail = said
    .split('\n')
    .filter((line) => !NOISE.test(line))
    .slice(0, 12);
  const found: Problem = problem(
    'helm/refused',
    `helm/${name}/`,
    message,
    'Mend what it names, or take back the edit.',
  );
  return judge([{ ...found, detail }], 'Helm does not take it');
}

/** Everything that Helm says; standard output is left out where it is a whole rendering. */
async function ask({ system }: CheckContext, args: readonly string[]) {
  const { ok, stdout, stderr } = await askProgram(system, 'helm', args);
  return { ok, text: `${args[0] === 'template' ? '' : stdout}\n${stderr}` };
}

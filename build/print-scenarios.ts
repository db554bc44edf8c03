import { mayLose } from '../src/commands/drill-words.ts';
import { SCENARIOS } from '../src/local/drill/scenarios.ts';
import type { Circumstances, Scenario } from '../src/local/drill/types.ts';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { TOPOLOGY_KINDS } from '../src/spec/types.ts';

/** What `drill` can practise, as a table: a row a scenario, a column a topology with what may be lost there. */
export function printedScenarios(): string {
  const examples = TOPOLOGY_KINDS.map(example);
  const head = ['scenario', 'what it does', ...TOPOLOGY_KINDS.map((kind) => `${kind} may lose`)];
  const rows = SCENARIOS.map((scenario) => [
    `\`${scenario.id}\``,
    scenario.does,
    ...examples.map((of) => promise(scenario, of)),
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [
    '# Drill',
    '',
    'What `create-redis-stack drill` can practise, and what a stack with the persistence `aof` or `hybrid` promises in each',
    'case. `--list` says it of the stack at hand, with the reasons.',
    '',
    ...lines,
    '',
  ].join('\n');
}

function example(kind: (typeof TOPOLOGY_KINDS)[number]): Circumstances {
  const spec = { topology: { kind }, persistence: { mode: 'aof' } };
  return { model: buildModel(expectValue(parseSpec(spec, 'shop')).spec), cuts: true, waitReplicas: 0 };
}

const promise = (scenario: Scenario, of: Circumstances): string =>
  scenario.lacks(of) === undefined ? mayLose(scenario.promised(of)) : 'not practised';

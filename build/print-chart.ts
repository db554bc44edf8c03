import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { chartFiles, PRINTED } from '../src/targets/helm/index.ts';

/** What the chart in this repository needs beside its templates to be a chart as it stands: that of a Sentinel stack. */
export function printedChart(): Readonly<Record<string, string>> {
  const input = { name: 'redis-stack', topology: { kind: 'sentinel' }, targets: ['helm'] };
  const { spec } = expectValue(parseSpec(input, 'redis-stack'));
  const printed = chartFiles(buildModel(spec)).filter(({ path }) => PRINTED.includes(path));
  return Object.fromEntries(printed.map(({ path, text }) => [path, text]));
}

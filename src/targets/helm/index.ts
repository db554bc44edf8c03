import chart from 'templates:helm';
import type { StackModel } from '../../model/types.ts';
import { managed, type RenderedFile, type Target } from '../types.ts';
import { printYaml } from '../yaml.ts';
import { alertFiles } from './alerts.ts';
import { chartYaml } from './chart.ts';
import { chartReadme } from './readme.ts';
import { valueComments } from './schema.ts';
import { chartValues } from './values.ts';

/** Printed for each stack; everything else of the chart is copied as it is. */
export const PRINTED: readonly string[] = ['Chart.yaml', 'values.yaml', 'README.md'];

export const helm: Target = {
  id: 'helm',
  title: 'Helm chart',
  meaning: 'a chart for Kubernetes on the official image, with values for this stack',
  always: false,
  render: (model) =>
    chartFiles(model).map((file) => ({ ...file, path: `helm/${model.spec.name}/${file.path}` })),
};

/** The chart of a stack, paths relative to its folder. */
export function chartFiles(model: StackModel): readonly RenderedFile[] {
  const copied = Object.entries(chart)
    .filter(([path]) => !PRINTED.includes(path))
    .map(([path, text]) => managed(path, text));
  return [
    ...copied,
    managed('Chart.yaml', printYaml(chartYaml(model))),
    managed('values.yaml', valuesYaml(model)),
    managed('README.md', chartReadme(model)),
    ...alertFiles(model),
  ];
}

function valuesYaml(model: StackModel): string {
  const header = ` ${model.spec.name}: what this stack is made of. Yours to edit; an update keeps your edits. README.md has them as a table.`;
  return printYaml(chartValues(model), { header, comments: valueComments(model) });
}

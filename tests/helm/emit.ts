import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generate } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';

const FOLDER = 'helm/shop/';

/** The chart of a stack called shop as `create-redis-stack` writes it: texts by paths in the folder of the chart. */
export function chartFilesOf(input: SpecInput): ReadonlyMap<string, string> {
  const { spec } = expectValue(parseSpec({ name: 'shop', ...input }, 'shop'));
  const files = generate(spec).files.filter(({ path }) => path.startsWith(FOLDER));
  return new Map(files.map(({ path, text }) => [path.slice(FOLDER.length), text]));
}

const made = new Map<string, string>();

/** Writes that chart below `home`, once for each spec, and gives its folder. */
export function emitChart(home: string, input: SpecInput): string {
  const key = JSON.stringify([home, input]);
  const known = made.get(key);
  if (known) return known;
  const chart = join(home, `chart-${made.size}`, 'shop');
  for (const [path, text] of chartFilesOf(input)) {
    mkdirSync(dirname(join(chart, path)), { recursive: true });
    writeFileSync(join(chart, path), text);
  }
  made.set(key, chart);
  return chart;
}

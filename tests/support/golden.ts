import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import copied from 'templates:client';
import scripts from 'templates:compose/scripts';
import chart from 'templates:helm';
import { generate } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { readSpecText } from '../../src/spec/read.ts';
import { PRINTED } from '../../src/targets/helm/index.ts';
import { caseRoot } from './case-folders.ts';

/** Files that are copied byte for byte are named in a golden tree, not repeated. */
function isCopy(path: string, text: string): boolean {
  if (path.startsWith('conf/scripts/')) return scripts[path.slice('conf/scripts/'.length)] === text;
  if (path.startsWith('.redis-stack/')) return true;
  const [, , inChart] = /^helm\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (inChart !== undefined && !PRINTED.includes(inChart)) return chart[inChart] === text;
  return Object.values(copied).includes(text);
}

/** What a case's `spec.yaml` gives: the list of all files, and the text of those that are printed. */
export function renderCase(name: string): Record<string, string> {
  const text = readFileSync(join(caseRoot('golden'), name, 'spec.yaml'), 'utf8');
  const { spec } = expectValue(parseSpec(expectValue(readSpecText(text, 'spec.yaml')), name));
  const { files } = generate(spec);
  const list = files.map((f) => `${f.mode.toString(8)} ${f.ownership.padEnd(7)} ${f.path}`).join('\n');
  const printed = files.filter((f) => !isCopy(f.path, f.text)).map((f) => [f.path, f.text]);
  return { 'files.txt': `${list}\n`, ...Object.fromEntries(printed) };
}

/** Replaces the tree of a case; run on purpose only (`npm run golden`), and read the diff before it is committed. */
export function writeCase(name: string): void {
  const folder = join(caseRoot('golden'), name, 'tree');
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of Object.entries(renderCase(name))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

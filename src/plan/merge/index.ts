import { mergeDirectives, mergeVariables } from './directives.ts';
import { mergeJson } from './json.ts';
import { mergeLines } from './lines.ts';
import type { MergeResult, MergeTexts, Settle } from './types.ts';
import { mergeYaml } from './yaml.ts';

export type { Clash, MergeResult, Settle } from './types.ts';

/** The unit that each kind of file is made of. */
const MERGERS: readonly (readonly [RegExp, MergeTexts])[] = [
  [/\.(conf|acl)$/, mergeDirectives],
  [/(^|\/)\.env[^/]*$/, mergeVariables],
  [/\.ya?ml$/, mergeYaml],
  [/\.json$/, mergeJson],
];

const BOM = '\uFEFF';

/** Joins the user's edits with our new text, by the unit that the file is made of. Line endings and a BOM are the user's. */
export function merge(
  path: string,
  pristine: string,
  current: string,
  next: string,
  settle?: Settle,
): MergeResult {
  if (current === pristine || current === next) return { ok: true, text: next };
  if (next === pristine) return { ok: true, text: current };
  const merger = MERGERS.find(([pattern]) => pattern.test(path))?.[1] ?? mergeLines;
  const result = merger(unix(pristine), unix(current), unix(next), settle);
  const back = asWrittenIn(current);
  return result.ok ? { ok: true, text: back(result.text) } : { ...result, proposal: back(result.proposal) };
}

function unix(text: string): string {
  return text.replace(BOM, '').replaceAll('\r\n', '\n');
}

function asWrittenIn(current: string): (text: string) => string {
  const mark = current.startsWith(BOM) ? BOM : '';
  const windows = current.includes('\r\n');
  return (text) => mark + (windows ? text.replaceAll('\n', '\r\n') : text);
}

import { mergeDirectives } from './directives.ts';
import { mergeLines } from './lines.ts';
import type { MergeResult, MergeTexts } from './types.ts';
import { mergeYaml } from './yaml.ts';

export type { Clash, MergeResult } from './types.ts';

/** The unit that each kind of file is made of. */
function mergerFor(path: string): MergeTexts {
  if (/\.(conf|acl)$/.test(path)) return mergeDirectives;
  return /\.ya?ml$/.test(path) ? mergeYaml : mergeLines;
}

/** Joins the user's edits with our new text, by the unit that the file is made of. Line endings are the user's. */
export function merge(path: string, pristine: string, current: string, next: string): MergeResult {
  if (current === pristine || current === next) return { ok: true, text: next };
  if (next === pristine) return { ok: true, text: current };
  const windows = current.includes('\r\n');
  const unix = (text: string) => text.replaceAll('\r\n', '\n');
  const result = mergerFor(path)(unix(pristine), unix(current), unix(next));
  if (!windows) return result;
  const back = (text: string) => text.replaceAll('\n', '\r\n');
  return result.ok ? { ok: true, text: back(result.text) } : { ...result, proposal: back(result.proposal) };
}

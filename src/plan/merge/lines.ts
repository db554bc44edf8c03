import { diffArrays } from 'diff';
import { type Clash, type MergeResult, markers, type Settle } from './types.ts';

/** Pristine lines [from, to) that one side replaced by others. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/**
 * Three-way merge by lines, with the verdicts of `git merge-file`: changes that overlap or touch clash, unless `settle`
 * takes one side there.
 */
export function mergeLines(
  pristine: string,
  current: string,
  next: string,
  settle?: Settle | undefined,
): MergeResult {
  const base = split(pristine);
  const sides = [changes(base, split(current)), changes(base, split(next))] as const;
  const clashes: Clash[] = [];
  const out: string[] = [];
  let at = 0;
  for (const region of regions(sides[0], sides[1])) {
    out.push(...base.slice(at, region.from));
    const texts = {
      pristine: base.slice(region.from, region.to).join(''),
      current: applied(base, region, sides[0]),
      next: applied(base, region, sides[1]),
    };
    const chosen = choose(texts.pristine, texts.current, texts.next) ?? settled(texts, settle);
    if (chosen === undefined) clashes.push({ at: `line ${region.from + 1}`, ...texts });
    out.push(chosen ?? markers({ at: '', ...texts }));
    at = region.to;
  }
  out.push(...base.slice(at));
  const text = out.join('');
  return clashes.length === 0 ? { ok: true, text } : { ok: false, proposal: text, clashes };
}

/** The side that changed, either where both did the same, undefined where they differ. */
export function choose<T>(pristine: T, current: T, next: T): T | undefined {
  if (current === pristine || current === next) return next;
  return next === pristine ? current : undefined;
}

function settled(texts: { readonly current: string; readonly next: string }, settle: Settle | undefined) {
  return settle && (settle === 'yours' ? texts.current : texts.next);
}

function split(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function changes(base: string[], side: string[]): readonly Change[] {
  const found: Change[] = [];
  let at = 0;
  for (const part of diffArrays(base, side)) {
    const last = found.at(-1);
    const joins = last !== undefined && last.to === at;
    if (part.removed) {
      found.push({ from: at, to: at + part.value.length, lines: [] });
      at += part.value.length;
    } else if (!part.added) {
      at += part.value.length;
    } else if (joins) {
      found[found.length - 1] = { ...last, lines: [...last.lines, ...part.value] };
    } else {
      found.push({ from: at, to: at, lines: part.value });
    }
  }
  return merged(found);
}

/** A removal right after an addition is one change. */
function merged(found: readonly Change[]): readonly Change[] {
  const out: Change[] = [];
  for (const change of found) {
    const last = out.at(-1);
    if (last && last.to === change.from)
      out[out.length - 1] = { from: last.from, to: change.to, lines: [...last.lines, ...change.lines] };
    else out.push(change);
  }
  return out;
}

interface Region {
  readonly from: number;
  readonly to: number;
}

/** Changes of both sides in order, those that overlap or touch taken together. */
function regions(a: readonly Change[], b: readonly Change[]): readonly Region[] {
  const all = [...a, ...b].sort((x, y) => x.from - y.from || x.to - y.to);
  const out: Region[] = [];
  for (const { from, to } of all) {
    const last = out.at(-1);
    if (last && from <= last.to) out[out.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else out.push({ from, to });
  }
  return out;
}

/** What one side makes of a region. */
function applied(base: readonly string[], { from, to }: Region, side: readonly Change[]): string {
  const out: string[] = [];
  let at = from;
  for (const change of side.filter((c) => c.from >= from && c.to <= to)) {
    out.push(...base.slice(at, change.from), ...change.lines);
    at = change.to;
  }
  return [...out, ...base.slice(at, to)].join('');
}

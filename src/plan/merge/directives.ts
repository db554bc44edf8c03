import { choose, mergeLines } from './lines.ts';
import { type Clash, type MergeResult, type MergeTexts, markers, type Settle } from './types.ts';

/** A directive with the comments and blank lines above it. */
interface Block {
  readonly key: string;
  readonly lead: string;
  readonly line: string;
}

interface Parsed {
  readonly blocks: readonly Block[];
  /** What stands below the last directive. */
  readonly tail: string;
}

/** Directives that may stand several times, and how many words tell one from another. */
const REPEATABLE: Readonly<Record<string, number>> = {
  user: 2,
  include: 2,
  loadmodule: 2,
  'rename-command': 2,
  'client-output-buffer-limit': 2,
  sentinel: 3,
};

function directiveName(line: string): string {
  const words = line.trim().split(/\s+/);
  const name = (words[0] ?? '').toLowerCase();
  return [name, ...words.slice(1, REPEATABLE[name] ?? 1)].join(' ');
}

/** The name before the equals sign. */
function variableName(line: string): string {
  return line
    .trim()
    .replace(/^export\s+/, '')
    .replace(/\s*=.*$/s, '');
}

type NameOf = (line: string) => string;

function parse(text: string, nameOf: NameOf): Parsed {
  const blocks: Block[] = [];
  const seen = new Map<string, number>();
  let lead = '';
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (line.trim() === '' || line.trim().startsWith('#')) {
      lead += line;
      continue;
    }
    const name = nameOf(line);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    blocks.push({ key: count === 1 ? name : `${name} (${count})`, lead, line });
    lead = '';
  }
  return { blocks, tail: lead };
}

/**
 * Merges redis.conf, sentinel.conf and ACL files by directive: neighbours never clash, the user's order, comments and
 * extra lines stay, and a directive clashes only when both sides gave it different values.
 */
export const mergeDirectives: MergeTexts = (...texts) => mergeBlocks(directiveName, ...texts);

/** Merges files of variables in the same way, by the name before the equals sign. */
export const mergeVariables: MergeTexts = (...texts) => mergeBlocks(variableName, ...texts);

function mergeBlocks(nameOf: NameOf, ...[pristine, current, next, settle]: Parameters<MergeTexts>) {
  const [p, c, n] = [parse(pristine, nameOf), parse(current, nameOf), parse(next, nameOf)];
  const before = byKey(p);
  const after = byKey(n);
  const work: Work = { settle, clashes: [] };
  const kept = c.blocks.flatMap((block) =>
    mergeBlock(block, before.get(block.key), after.get(block.key), work),
  );
  const all = insertNew(kept, n.blocks, before, byKey(c));
  const tail = mergeComments(p.tail, c.tail, n.tail);
  const text = joinBlocks(all) + tail;
  return result(text, work.clashes);
}

function result(text: string, clashes: readonly Clash[]): MergeResult {
  return clashes.length === 0 ? { ok: true, text } : { ok: false, proposal: text, clashes };
}

interface Work {
  readonly settle: Settle | undefined;
  readonly clashes: Clash[];
}

function byKey({ blocks }: Parsed): ReadonlyMap<string, Block> {
  return new Map(blocks.map((block) => [block.key, block]));
}

function mergeBlock(
  mine: Block,
  before: Block | undefined,
  after: Block | undefined,
  work: Work,
): readonly Block[] {
  if (!before && !after) return [mine];
  const line = choose(trimmed(before), trimmed(mine), trimmed(after));
  const lead = mergeComments(before?.lead ?? '', mine.lead, after?.lead ?? mine.lead);
  if (line === undefined) return [{ ...mine, ...changedByBoth(mine, before, after, lead, work) }];
  // Ours is gone, and the user had not touched it.
  if (line === '') return mine.lead === before?.lead ? [] : [{ ...mine, line: '' }];
  const same = line === trimmed(mine);
  return [{ key: mine.key, lead, line: same ? mine.line : `${line}\n` }];
}

function changedByBoth(
  mine: Block,
  before: Block | undefined,
  after: Block | undefined,
  lead: string,
  { settle, clashes }: Work,
): Partial<Block> {
  // One of ours that is no longer written, but that the user has changed, is the user's now.
  if (!after || settle === 'yours') return {};
  if (settle === 'generated') return { lead, line: `${trimmed(after)}\n` };
  const clash = { at: mine.key, pristine: trimmed(before), current: trimmed(mine), next: trimmed(after) };
  clashes.push(clash);
  return { lead, line: markers(clash) };
}

function trimmed(block: Block | undefined): string {
  return block?.line.trimEnd() ?? '';
}

/** Comments never stop a merge: where both sides rewrote the same one, the user's stands. */
function mergeComments(pristine: string, current: string, next: string): string {
  const merged = mergeLines(pristine, current, next);
  return merged.ok ? merged.text : current;
}

/** New directives of ours go behind the neighbour that they follow in the new text; what the user deleted stays away. */
function insertNew(
  kept: readonly Block[],
  next: readonly Block[],
  before: ReadonlyMap<string, Block>,
  mine: ReadonlyMap<string, Block>,
): readonly Block[] {
  const out = [...kept];
  next.forEach((block, i) => {
    if (before.has(block.key) || mine.has(block.key)) return;
    const neighbours = next
      .slice(0, i)
      .map((b) => b.key)
      .reverse();
    const at = neighbours.map((key) => out.findIndex((b) => b.key === key)).find((index) => index >= 0);
    out.splice(at === undefined ? 0 : at + 1, 0, block);
  });
  return out;
}

/** A line that ended the user's file without a line break gets one when something follows it. */
function joinBlocks(blocks: readonly Block[]): string {
  const parts = blocks.flatMap((b) => [b.lead, b.line]).filter((part) => part !== '');
  return parts.map((part, i) => (i < parts.length - 1 && !part.endsWith('\n') ? `${part}\n` : part)).join('');
}

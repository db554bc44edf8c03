import type { Result } from '../problem.ts';
import { type Assignment, assign, type ReadStructure } from './flags.ts';
import type { StackSpec } from './types.ts';

type Tree = Record<string, unknown>;

/**
 * New answers laid over a spec. What only the topology before had (Sentinels, a quorum, its number of replicas) goes
 * with it, so that the new one begins with its own defaults.
 */
export function revise(
  stored: StackSpec,
  assignments: readonly Assignment[],
  readStructure?: ReadStructure,
): Result<Tree> {
  const kind = assignments.findLast((a) => a.path === 'topology.kind')?.text.trim();
  const base = kind !== undefined && kind !== stored.topology.kind ? withoutSizes(stored) : stored;
  return assign(withoutStaleQuorum(base, assignments), assignments, readStructure);
}

/** The same for what the questionnaire gave: answers are part of a spec, in its own shape. */
export function reviseByAnswers(stored: StackSpec, answers: Tree): Tree {
  const given = (answers.topology ?? {}) as { kind?: unknown };
  const base =
    given.kind !== undefined && given.kind !== stored.topology.kind ? withoutSizes(stored) : stored;
  return overlay(base as unknown as Tree, answers);
}

/** A quorum that was the majority of other Sentinels follows their number, unless it is given as well. */
function withoutStaleQuorum(stored: object, assignments: readonly Assignment[]): object {
  const paths = assignments.map((a) => a.path);
  const { topology: shape } = stored as StackSpec;
  if (shape.kind !== 'sentinel' || !paths.includes('topology.sentinels')) return stored;
  if (paths.includes('topology.quorum') || shape.quorum !== Math.floor(shape.sentinels / 2) + 1)
    return stored;
  const { quorum: _, ...rest } = shape;
  return { ...stored, topology: rest };
}

function withoutSizes(stored: StackSpec): object {
  return { ...stored, topology: { kind: stored.topology.kind } };
}

function overlay(base: Tree, over: Tree): Tree {
  const merged = Object.entries(over).map(([key, value]) => {
    const below = base[key];
    return [key, isTree(below) && isTree(value) ? overlay(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

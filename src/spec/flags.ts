import { suggestion } from '../nearest.ts';
import { accept, type Problem, problem, type Result, refuse } from '../problem.ts';
import { type Field, fieldAt, leafPaths } from './fields.ts';
import { unknownKey } from './parse.ts';
import { SHORT_FLAGS, type ShortFlag } from './short-flags.ts';

type Tree = Record<string, unknown>;

export interface Assignment {
  /** How the user wrote it, for messages. */
  readonly flag: string;
  readonly path: string;
  readonly text: string;
}

/** `path=value` of `--set`. */
export function parseAssignment(text: string): Result<Assignment> {
  const cut = text.indexOf('=');
  if (cut > 0) return accept({ flag: '--set', path: text.slice(0, cut).trim(), text: text.slice(cut + 1) });
  return refuse(
    problem(
      'cli/bad-set',
      '--set',
      `'${text.slice(0, 80)}' is not path=value.`,
      'Write for instance --set topology.shards=6.',
    ),
  );
}

/** `valkey:8.1` sets two keys at once. */
export function shortAssignments(flag: ShortFlag, text: string): readonly Assignment[] {
  const path = SHORT_FLAGS[flag];
  const written = `--${flag}`;
  if (flag !== 'engine' || !text.includes(':')) return [{ flag: written, path, text }];
  const [name = '', version = ''] = text.split(':', 2);
  return [
    { flag: written, path: 'engine.name', text: name },
    { flag: written, path: 'engine.version', text: version },
  ];
}

/** Reads the text of a value that is more than a word, such as a list of users. */
export type ReadStructure = (text: string) => unknown;

/** True where a value can only be read as YAML. */
export function needsStructure({ path, text }: Assignment): boolean {
  const field = fieldAt(path);
  return field !== undefined && !isPlain(field, text);
}

/** Lays assignments over a spec; later ones win. The spec itself is not changed. */
export function assign(
  input: unknown,
  assignments: readonly Assignment[],
  readStructure: ReadStructure = JSON.parse,
): Result<Tree> {
  const tree: Tree = isTree(input) ? structuredClone(input) : {};
  const problems: Problem[] = [];
  for (const assignment of assignments) {
    const field = fieldAt(assignment.path);
    if (!field || assignment.path === '') problems.push(noSuchPath(assignment));
    else setPath(tree, assignment.path.split('.'), read(field, assignment.text, readStructure));
  }
  return problems.length > 0 ? refuse(...problems) : accept(tree);
}

function noSuchPath({ path, flag }: Assignment): Problem {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
  if (parent !== '' && fieldAt(parent)?.kind === 'strict_object')
    return { ...unknownKey(path), at: `${flag} ${path}` };
  return problem(
    'spec/unknown-key',
    `${flag} ${path.slice(0, 80)}`,
    `There is no key '${path.slice(0, 80)}'.`,
    suggestion(path, leafPaths()),
  );
}

function isPlain(field: Field, text: string): boolean {
  if (field.kind === 'strict_object') return false;
  return field.kind !== 'array' || (field.listOfWords && !/^\s*\[/.test(text));
}

/** Text from a command line as the kind of value that the field holds; what does not fit is left for the parser. */
function read(field: Field, text: string, readStructure: ReadStructure): unknown {
  if (!isPlain(field, text)) return structure(text, readStructure);
  if (field.kind === 'number') return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
  if (field.kind === 'boolean') return text.trim() === 'true' || (text.trim() === 'false' ? false : text);
  return field.listOfWords ? words(text) : text;
}

function words(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function structure(text: string, readStructure: ReadStructure): unknown {
  try {
    return readStructure(text);
  } catch {
    return text;
  }
}

function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const child = isTree(tree[key]) ? (tree[key] as Tree) : {};
  tree[key] = child;
  setPath(child, rest, value);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

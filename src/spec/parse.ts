import * as v from 'valibot';
import { suggestion } from '../nearest.ts';
import { accept, isError, type Problem, problem, type Result, refuse } from '../problem.ts';
import { topology } from '../topologies/registry.ts';
import { completeSpec } from './complete.ts';
import { fieldAt } from './fields.ts';
import { checkRules } from './rules.ts';
import { NAME, type SpecInput, specSchema } from './schema.ts';
import { type Decision, PATTERNS, type StackSpec, type TopologyKind } from './types.ts';

export interface ParsedSpec {
  readonly spec: StackSpec;
  readonly decided: readonly Decision[];
}

/**
 * Turns what a file, flags or answers gave into a complete spec, or into every problem with it.
 * `directory` names the stack where the input does not.
 */
export function parseSpec(input: unknown, directory: string): Result<ParsedSpec> {
  const shaped = checkShape(input);
  if (!shaped.ok) return shaped;
  const name = shaped.value.name ?? directory;
  if (!NAME.test(name)) return refuse(badName(name));
  const completed = completeSpec(shaped.value, name);
  const stray = strayTopologySettings(shaped.value, completed.spec.topology.kind);
  if (stray.length > 0) return refuse(...stray);
  const found = checkRules(completed.spec);
  const errors = found.filter(isError);
  return errors.length > 0 ? refuse(...errors) : accept(completed, found);
}

/** Are these the keys and kinds of a spec? Whether the values go together shows only when all of them are known. */
export function checkShape(input: unknown): Result<SpecInput> {
  if (input !== undefined && input !== null && !isRecord(input)) return refuse(notAMapping(input));
  const shaped = v.safeParse(specSchema, normalise(input), { abortPipeEarly: true });
  return shaped.success ? accept(shaped.output) : refuse(...shaped.issues.map(issueToProblem));
}

function notAMapping(input: unknown): Problem {
  return problem(
    'spec/not-a-mapping',
    'the spec',
    `${describe(input)} is not a mapping of keys to values.`,
    'Begin with a key, for instance `name: shop`.',
  );
}

/** The same result with problems that name the file they are about. */
export function inFile<T>(result: Result<T>, place: string): Result<T> {
  if (result.ok) return result;
  return refuse(...result.problems.map((p) => ({ ...p, at: `${place}: ${p.at}` })));
}

/** Spellings that mean the same: one word for a list of one, `all` for every pattern. */
function normalise(input: unknown): unknown {
  if (!isRecord(input)) return input ?? {};
  const listed = { ...input };
  for (const key of ['workload', 'targets', 'accept']) {
    if (typeof listed[key] === 'string') listed[key] = [listed[key]];
  }
  const client = listed.client;
  if (isRecord(client) && 'patterns' in client) {
    const asked = typeof client.patterns === 'string' ? [client.patterns] : client.patterns;
    const all = Array.isArray(asked) && asked.includes('all');
    listed.client = { ...client, patterns: all ? [...PATTERNS] : asked };
  }
  return listed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function issueToProblem(issue: v.InferIssue<typeof specSchema>): Problem {
  const path = (issue.path ?? []).map((item) => String(item.key)).join('.');
  if (issue.expected === 'never') return unknownKey(path);
  if (path === 'name' && typeof issue.input === 'string') return badName(issue.input);
  const got = describe(issue.input);
  const field = fieldAt(path.replace(/\.\d+$/, ''));
  if (issue.type === 'picklist' && field) {
    const word = typeof issue.input === 'string' ? issue.input : '';
    return problem(
      'spec/invalid-value',
      path,
      `${got} is not one of the choices.`,
      suggestion(word, field.options),
    );
  }
  const wanted = issue.kind === 'validation' ? validationText(issue) : issue.message;
  return problem(
    'spec/invalid-value',
    path || 'the spec',
    `${got} does not fit here.`,
    `Use ${article(wanted)}.`,
  );
}

function validationText(issue: v.InferIssue<typeof specSchema>): string {
  if (issue.type === 'min_value') return `a number of at least ${String(issue.requirement)}`;
  if (issue.type === 'max_value') return `a number of at most ${String(issue.requirement)}`;
  if (issue.type === 'min_length') return 'a list with an entry';
  return issue.message;
}

function article(wanted: string): string {
  const text = wanted.startsWith('Invalid type: Expected ')
    ? wanted.slice(23).replace(/ but received.*$/, '')
    : wanted;
  if (text === 'Object') return 'a mapping of keys to values';
  return text === 'Array' ? 'a list' : text;
}

function describe(input: unknown): string {
  if (input === undefined) return 'Nothing';
  if (Array.isArray(input)) return 'A list';
  if (typeof input === 'object' && input !== null) return 'A mapping';
  const text = JSON.stringify(input) ?? String(typeof input);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}

export function unknownKey(path: string): Problem {
  const cut = path.lastIndexOf('.');
  const parent = cut < 0 ? '' : path.slice(0, cut);
  const key = path.slice(cut + 1);
  const options = fieldAt(parent.replace(/\.\d+$/, ''))?.options ?? [];
  return problem(
    'spec/unknown-key',
    path,
    `There is no key '${key.slice(0, 60)}'${parent ? ` in '${parent}'` : ''}.`,
    suggestion(key, options),
  );
}

function badName(name: string): Problem {
  const fixed = name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return problem(
    'spec/invalid-name',
    'name',
    `${describe(name)} is not a DNS label: lower-case letters, digits and -, starting with a letter, 40 at most.`,
    `Choose another name with --name${fixed ? `, for instance ${fixed}` : ''}.`,
  );
}

/** `shards` means nothing to Sentinel: a setting of another topology is refused, not ignored. */
function strayTopologySettings(input: SpecInput, kind: TopologyKind): readonly Problem[] {
  if (!input.topology) return [];
  const { settings, title } = topology(kind);
  const implied = input.topology.kind ? '' : ' (topology.kind is not given)';
  return Object.keys(input.topology)
    .filter((key) => key !== 'kind' && !(settings as readonly string[]).includes(key))
    .map((key) =>
      problem(
        'topology/stray-setting',
        `topology.${key}`,
        `${title} has no '${key}'${implied}.`,
        `Remove it, or set topology.kind to ${key === 'shards' ? 'cluster' : key === 'replicas' ? 'sentinel or cluster' : 'sentinel'}.`,
      ),
    );
}

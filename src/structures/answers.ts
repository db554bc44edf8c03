import { parseBytes } from '../model/bytes.ts';
import { suggestion } from '../nearest.ts';
import { accept, type Problem, problem, type Result, refuse } from '../problem.ts';
import { ACCESSES, EXPIRIES, ORDERS, PURPOSES } from './purposes.ts';
import type { Need } from './types.ts';

/** The answers as words. */
export interface Answers {
  readonly need?: string | undefined;
  readonly access?: string | undefined;
  readonly order?: string | undefined;
  readonly unique?: boolean | undefined;
  /** True stands for `whole`. */
  readonly expires?: string | boolean | undefined;
  readonly elements?: string | undefined;
  readonly bytes?: string | undefined;
}

const MOST_ELEMENTS = 1e12;
/** The largest that a value can be. */
const MOST_BYTES = 2 ** 29;

/** What is wanted, or everything that is wrong with the answers. */
export function parseNeed(answers: Answers): Result<Need> {
  const problems: Problem[] = [];
  const taken = <T>(result: Result<T>): T | undefined => {
    if (result.ok) return result.value;
    problems.push(...result.problems);
    return undefined;
  };
  const need: Need = {
    purpose: taken(oneOf('--need', answers.need, PURPOSES)),
    access: taken(oneOf('--access', answers.access, ACCESSES)),
    order: taken(oneOf('--order', answers.order, ORDERS)),
    unique: answers.unique,
    expires: taken(oneOf('--expires', expiry(answers.expires), EXPIRIES)),
    elements: taken(elementCount(answers.elements)),
    bytes: taken(elementSize(answers.bytes)),
  };
  return problems.length === 0 ? accept(need) : refuse(...problems);
}

const expiry = (given: Answers['expires']): string | undefined => {
  if (given === true) return 'whole';
  return given === false ? 'never' : given;
};

function oneOf<K extends string>(
  flag: string,
  given: string | undefined,
  known: Readonly<Record<K, string>>,
): Result<K | undefined> {
  if (given === undefined) return accept(undefined);
  const names = Object.keys(known) as K[];
  const found = names.find((name) => name === given.toLowerCase());
  if (found) return accept(found);
  const said = `'${given.slice(0, 60)}' is none of the answers.`;
  return refuse(problem('advise/unknown-answer', flag, said, suggestion(given.slice(0, 60), names)));
}

/** `5000`, `10k`, `2m`. */
export function parseCount(text: string): number | undefined {
  const [, digits, unit = ''] =
    /^(\d{1,12}(?:\.\d{1,3})?)\s?([km]?)$/i.exec(text.trim().replaceAll(',', '')) ?? [];
  if (digits === undefined) return undefined;
  const count = Number(digits) * ({ k: 1e3, m: 1e6 }[unit.toLowerCase()] ?? 1);
  return Number.isInteger(count) && count >= 1 && count <= MOST_ELEMENTS ? count : undefined;
}

function elementCount(given: string | undefined): Result<number | undefined> {
  const count = given === undefined ? undefined : parseCount(given);
  if (given === undefined || count !== undefined) return accept(count);
  const said = `'${given.slice(0, 60)}' is no number of elements.`;
  return refuse(problem('advise/bad-elements', '--elements', said, 'Write for instance 5000, 200k or 3m.'));
}

function elementSize(given: string | undefined): Result<number | undefined> {
  const bytes = given === undefined ? undefined : parseBytes(given);
  const fits = bytes !== undefined && bytes >= 1 && bytes <= MOST_BYTES;
  if (given === undefined || fits) return accept(bytes);
  const said = `'${given.slice(0, 60)}' is no size of an element.`;
  return refuse(
    problem('advise/bad-bytes', '--bytes', said, 'Write for instance 100, 2kb or 1mb; 512mb at most.'),
  );
}

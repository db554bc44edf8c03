import { readFileSync } from 'node:fs';
import { type AnyObject, printFinding, readObjects } from './objects.ts';
import { validate } from './validate.ts';
import { OLDEST_MINOR } from './versions.ts';

const EXAMPLE = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const OWN = /^ {2}labels:\n((?: {4}.*\n)+)/m.exec(EXAMPLE)?.[1]?.trim().replaceAll(/\n\s*/g, ', ') ?? '';
const KNOWN = { Secret: ['passwords'] };

const read = (text: string) => readObjects(text.replaceAll(/\bOWN\b/g, `{ ${OWN} }`));

/** A stack that is right in everything. */
export const example = (): readonly AnyObject[] => read(EXAMPLE);

/** The example with one change; a change that changes nothing is a mistake of the test. */
export function changed(from: string | RegExp, to: string): readonly AnyObject[] {
  const text = EXAMPLE.replace(from, to);
  if (text === EXAMPLE) throw new Error(`${from}: not in the example.`);
  return read(text);
}

/** The example with another object. */
export const added = (text: string): readonly AnyObject[] => read(`${EXAMPLE}\n---\n${text}`);

export const problemsOf = (objects: readonly AnyObject[], minor = OLDEST_MINOR): readonly string[] =>
  validate(objects, minor, KNOWN).map(printFinding);

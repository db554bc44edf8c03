import type { Known } from './available.ts';
import { nameFindings } from './names.ts';
import type { AnyObject, Finding } from './objects.ts';
import { referenceFindings } from './references.ts';
import { ruleFindings } from './rules.ts';
import { schemaFindings } from './schema.ts';
import { selectorFindings } from './selectors.ts';

/**
 * Holds rendered objects against one minor of Kubernetes (28 is 1.28): its schema first, then what no schema sees. `known`
 * is what is there beside them. Where the schema finds something, the rest is not looked at: it could not be read.
 */
export function validate(
  objects: readonly AnyObject[],
  minor: number,
  known: Known = {},
): readonly Finding[] {
  const bySchema = schemaFindings(objects, minor);
  if (bySchema.length > 0) return bySchema;
  return [
    ...ruleFindings(objects),
    ...nameFindings(objects),
    ...referenceFindings(objects, known),
    ...selectorFindings(objects),
  ];
}

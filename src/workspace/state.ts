import * as v from 'valibot';
import { accept, problem, type Result, refuse } from '../problem.ts';
import { isInside, STATE } from './paths.ts';

export const STATE_FORMAT = 1;

const fileState = v.strictObject({
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777)),
  ownership: v.picklist(['managed', 'seed']),
});

const stateSchema = v.strictObject({
  format: v.literal(STATE_FORMAT),
  tool: v.string(),
  spec: v.record(v.string(), v.unknown()),
  files: v.record(v.pipe(v.string(), v.check(isInside, 'a path inside the stack')), fileState),
});

/** What we wrote last: the spec that was applied, and a line a file. */
export type State = v.InferOutput<typeof stateSchema>;

const REMEDY = 'Restore it from version control; it is not meant to be edited.';

/** state.json comes from version control and may have been edited or forged, so it is checked like any input. */
export function parseState(text: string): Result<State> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    return refuse(problem('state/not-json', STATE, `It is not JSON: ${(cause as Error).message}.`, REMEDY));
  }
  const parsed = v.safeParse(stateSchema, data);
  if (parsed.success) return accept(parsed.output);
  const [issue] = parsed.issues;
  const at = `${STATE}${issue.path ? ` at ${issue.path.map((p) => String(p.key)).join('.')}` : ''}`;
  return refuse(problem('state/invalid', at, issue.message, REMEDY));
}

export function printState(state: State): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}

import * as v from 'valibot';
import { accept, problem, type Result, refuse } from '../problem.ts';
import { isInside, STATE } from './paths.ts';

export const STATE_FORMAT = 2;

export interface FileState {
  readonly digest: string;
  readonly mode: number;
  readonly ownership: 'managed' | 'seed';
}

/** What we wrote last: the spec that was applied, the tool that did it, and what is known of each file. */
export interface State {
  readonly tool: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, FileState>>;
}

/** `managed 644 03f50d7fcdfe958d`: a line a file, so that a review shows what changed and two branches merge. */
const FILE_LINE = /^(managed|seed) ([0-7]{3}) ([0-9a-f]{16})$/;

const stateSchema = v.strictObject({
  format: v.literal(STATE_FORMAT),
  tool: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/)),
  spec: v.record(v.string(), v.unknown()),
  files: v.record(
    v.pipe(v.string(), v.check(isInside, 'a path inside the stack')),
    v.pipe(v.string(), v.regex(FILE_LINE, 'ownership, permission bits and digest')),
  ),
});

const REMEDY = 'Restore it from version control, or rebuild it: create-redis-stack update --adopt.';

/** state.json comes from version control and may have been edited or forged, so it is checked like any input. */
export function parseState(text: string): Result<State> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    return refuse(problem('state/not-json', STATE, `It is not JSON: ${(cause as Error).message}.`, REMEDY));
  }
  const format = (data as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > STATE_FORMAT) return refuse(tooNew(format, data));
  const parsed = v.safeParse(stateSchema, forward(data));
  if (parsed.success) return accept(fromFile(parsed.output));
  const [issue] = parsed.issues;
  const at = `${STATE}${issue.path ? ` at ${issue.path.map((p) => String(p.key)).join('.')}` : ''}`;
  return refuse(problem('state/invalid', at, issue.message, REMEDY));
}

function tooNew(format: number, data: unknown) {
  const { tool } = data as { tool?: unknown };
  return problem(
    'state/too-new',
    STATE,
    `It was written by a newer release of this tool${typeof tool === 'string' ? ` (${tool.slice(0, 20)})` : ''}: format ${format}, and this one knows ${STATE_FORMAT}.`,
    'Use that release or a later one: npx create-redis-stack@latest.',
  );
}

function fromFile({ tool, spec, files }: v.InferOutput<typeof stateSchema>): State {
  const entries = Object.entries(files).map(([path, line]) => {
    const [ownership = '', mode = '', digest = ''] = line.split(' ');
    return [path, { ownership, mode: Number.parseInt(mode, 8), digest }];
  });
  return { tool, spec, files: Object.fromEntries(entries) as State['files'] };
}

export function printState({ tool, spec, files }: State): string {
  const lines = Object.entries(files).map(([path, { ownership, mode, digest }]) => [
    path,
    `${ownership} ${mode.toString(8).padStart(3, '0')} ${digest}`,
  ]);
  return `${JSON.stringify({ format: STATE_FORMAT, tool, spec, files: Object.fromEntries(lines) }, null, 2)}\n`;
}

/** What turns a record of one format into the next; a record of any earlier release goes through all that follow. */
const STEPS: Readonly<Record<number, (data: Record<string, unknown>) => Record<string, unknown>>> = {
  1: oneLineAFile,
};

function forward(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const { format } = data as { format?: unknown };
  const step = typeof format === 'number' ? STEPS[format] : undefined;
  return step ? forward(step(data as Record<string, unknown>)) : data;
}

/** Format 1 had a mapping a file, with the permission bits in decimal. */
function oneLineAFile(data: Record<string, unknown>): Record<string, unknown> {
  const files = (typeof data.files === 'object' && data.files) || {};
  const lines = Object.entries(files as Record<string, unknown>).map(([path, entry]) => {
    const { digest, mode, ownership } = (entry ?? {}) as Record<string, unknown>;
    return [path, `${ownership} ${Number(mode).toString(8)} ${digest}`];
  });
  return { ...data, format: 2, files: Object.fromEntries(lines) };
}

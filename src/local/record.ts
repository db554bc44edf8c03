import * as v from 'valibot';
import { ProblemError, problem } from '../problem.ts';
import type { Files } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';

const RECORD = `${RUN}/native.json`;

const runningNode = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,60}$/)),
  role: v.picklist(['primary', 'replica', 'sentinel']),
  port: v.number(),
  busPort: v.optional(v.number()),
  pid: v.number(),
  /** Tells this process from a later one with the same number. */
  identity: v.string(),
});

const recordSchema = v.strictObject({ format: v.literal(1), nodes: v.array(runningNode) });

/** A process that `up` started. */
export type RunningNode = v.InferOutput<typeof runningNode>;

/** What `up --native` started here, or undefined when nothing was. */
export function readRecord(files: Files, root: string): readonly RunningNode[] | undefined {
  const text = files.read(inside(root, RECORD));
  if (text === undefined) return undefined;
  const parsed = v.safeParse(recordSchema, parseJson(text));
  if (parsed.success) return parsed.output.nodes;
  throw new ProblemError(
    problem(
      'local/bad-record',
      RECORD,
      'The record of running nodes cannot be read.',
      'End the processes by hand and delete the file.',
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Written before a process may be forgotten: replaced as a whole. */
export function writeRecord(files: Files, root: string, nodes: readonly RunningNode[]): void {
  const path = inside(root, RECORD);
  files.write(`${path}.new`, `${JSON.stringify({ format: 1, nodes }, null, 2)}\n`, 0o600);
  files.move(`${path}.new`, path);
}

export function nodeFolder(root: string, name: string): string {
  return inside(root, `${RUN}/${name}`);
}

import * as v from 'valibot';
import { parseSpec } from '../spec/parse.ts';
import type { StackSpec } from '../spec/types.ts';
import type { Files } from '../system.ts';
import { inside, RUN } from '../workspace/paths.ts';

const STARTED = `${RUN}/started.json`;

const startedSchema = v.strictObject({ format: v.literal(1), spec: v.record(v.string(), v.unknown()) });

/** Notes what runs here: files may be written anew for another topology while this one still runs. */
export function noteRunningSpec(files: Files, root: string, spec: StackSpec): void {
  const path = inside(root, STARTED);
  files.write(`${path}.new`, `${JSON.stringify({ format: 1, spec }, null, 2)}\n`, 0o600);
  files.move(`${path}.new`, path);
}

/** The spec of the stack that was started here last, as far as that is known. */
export function readRunningSpec(files: Files, root: string): StackSpec | undefined {
  try {
    const { spec } = v.parse(startedSchema, JSON.parse(files.read(inside(root, STARTED)) ?? ''));
    const parsed = parseSpec(spec, 'stack');
    return parsed.ok ? parsed.value.spec : undefined;
  } catch {
    return undefined;
  }
}

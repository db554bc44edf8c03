import { resolve } from 'node:path';
import { toHtml } from '../doctor/report/html.ts';
import type { Diagnosis } from '../doctor/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';

/** By which a page of ours is told from any other file. */
const MARK = 'create-redis-stack doctor';

/** Writes the page, over an older one of its kind and over nothing else. */
export async function writePage({ files, cwd }: System, name: string, diagnosis: Diagnosis): Promise<void> {
  const path = resolve(cwd, name);
  const kind = files.kind(path);
  if (kind !== undefined && (kind !== 'file' || !files.read(path)?.slice(0, 2000).includes(MARK)))
    throw new ProblemError(
      problem(
        'doctor/not-a-page',
        '--html',
        `${name} is there and is no page of this command.`,
        'Name another file, or move that one away.',
      ),
    );
  // In one go: a reader never finds half a page.
  const staged = `${path}.${process.pid}.new`;
  try {
    files.write(staged, toHtml(diagnosis), 0o600);
    files.move(staged, path);
  } catch (cause) {
    files.remove(staged);
    throw new ProblemError(
      problem('doctor/cannot-write', '--html', (cause as Error).message, 'Name a file that can be written.'),
    );
  }
}

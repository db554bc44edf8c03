import { isScalar, parseDocument } from 'yaml';
import { accept, problem, type Result, refuse } from '../problem.ts';

/** The largest spec that is read, in characters: far beyond any real one, far below what would hurt. */
const LARGEST = 200_000;

/** The text of a spec file as data. `place` is the file's name, for messages. */
export function readSpecText(text: string, place: string): Result<unknown> {
  if (text.length > LARGEST) {
    return refuse(
      problem(
        'spec/too-large',
        place,
        `The file has ${text.length} characters.`,
        `A spec is small; ${LARGEST} is the most that is read.`,
      ),
    );
  }
  const doc = parseDocument(text, { uniqueKeys: true });
  const [error] = doc.errors;
  if (error) {
    const line = error.linePos?.[0];
    const at = line ? `${place}:${line.line}:${line.col}` : place;
    return refuse(
      problem(
        'spec/not-yaml',
        at,
        (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '.'),
        'Mend the YAML at this place.',
      ),
    );
  }
  try {
    const data: unknown = doc.toJS({ maxAliasCount: 100 });
    return accept(withVersionText(data, doc.getIn(['engine', 'version'], true)));
  } catch (cause) {
    return refuse(
      problem(
        'spec/not-yaml',
        place,
        String(cause instanceof Error ? cause.message : cause),
        'Write it without aliases.',
      ),
    );
  }
}

/** `version: 8.0` without quotes is the number 8 to YAML; the text that stands in the file is what was meant. */
function withVersionText(data: unknown, node: unknown): unknown {
  if (!isScalar(node) || typeof node.value !== 'number' || !node.source) return data;
  const spec = data as { engine: object };
  return { ...spec, engine: { ...spec.engine, version: node.source } };
}

import { isScalar, parseDocument } from 'yaml';
import { leafPaths } from './fields.ts';
import { printSpec } from './print.ts';
import type { StackSpec } from './types.ts';

/**
 * The user's `redis-stack.yaml` with only the changed values changed: comments, order and everything else stay.
 * `before` is the spec that the text gives now.
 */
export function editSpecText(text: string, before: StackSpec, after: StackSpec): string {
  const doc = parseDocument(text, { version: '1.1' });
  if (doc.errors.length > 0) return printSpec(after);
  const changed = leafPaths().filter(
    (path) => JSON.stringify(at(before, path)) !== JSON.stringify(at(after, path)),
  );
  for (const path of changed) {
    const keys = path.split('.');
    const value = at(after, path);
    const node = doc.getIn(keys, true);
    if (value === undefined) doc.deleteIn(keys);
    else if (isScalar(node) && typeof value !== 'object') node.value = value;
    else doc.setIn(keys, doc.createNode(value));
  }
  return changed.length === 0 ? text : doc.toString({ lineWidth: 0 });
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value);
}

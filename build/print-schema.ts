import { toJsonSchema } from '@valibot/to-json-schema';
import { specSchema } from '../src/spec/schema.ts';

/** The JSON Schema of `redis-stack.yaml`. Checks that JSON Schema cannot express are left to the parser. */
export function printedSchema(): string {
  const schema = toJsonSchema(specSchema, { errorMode: 'ignore' });
  const titled = { $schema: schema.$schema, title: 'redis-stack.yaml', ...schema };
  return `${JSON.stringify(allowOneWord(titled), null, 2)}\n`;
}

/** The parser takes one word where a list of words is meant; so does the schema. */
function allowOneWord(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowOneWord);
  if (typeof node !== 'object' || node === null) return node;
  const mapped = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, allowOneWord(value)]));
  const items = mapped.items as { enum?: readonly string[] } | undefined;
  if (mapped.type !== 'array' || !items?.enum) return mapped;
  const { description, ...list } = mapped;
  return {
    ...(description ? { description } : {}),
    anyOf: [list, items, ...(items.enum.includes('cache-aside') ? [{ const: 'all' }] : [])],
  };
}

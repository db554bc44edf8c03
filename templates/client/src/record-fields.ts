import { RedisError } from './errors.js';
import { badUse } from './names.js';
import type { StandardSchema } from './schema.js';

/** What a record consists of: names, and what each value has to be. */
export type FieldSchemas<Fields> = { readonly [Name in keyof Fields]-?: StandardSchema<Fields[Name]> };

/** Names of fields that are numbers. */
export type NumberField<Fields> = {
  [Name in keyof Fields]-?: Fields[Name] extends number ? Name : never;
}[keyof Fields] &
  string;

/** A field of this type whose values are trusted when they are read back. */
export function unchecked<Value>(): StandardSchema<Value> {
  const validate = (value: unknown) => ({ value: value as Value });
  return { '~standard': { version: 1, vendor: 'redis-client', validate } };
}

/** A value as JSON; throws `redis/bad-use` for what JSON would drop or change: NaN, a function, a cycle. */
export function encodeField(name: string, field: string, value: unknown): string {
  const message = `'${name}' cannot keep this '${field}' as JSON.`;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseInfinite);
  } catch (error) {
    throw new RedisError('redis/bad-use', message, error);
  }
  if (text === undefined) throw badUse(message);
  return text;
}

/** JSON would write `null` without a word. */
function refuseInfinite(_: string, part: unknown): unknown {
  if (typeof part === 'number' && !Number.isFinite(part)) throw new TypeError(`There is ${part} in it.`);
  return part;
}

/** A value read back; undefined where the text is not what the schema describes. */
export async function decodeField<Value>(
  schema: StandardSchema<Value>,
  text: string,
): Promise<{ readonly value: Value } | undefined> {
  const parsed = parseJson(text);
  if (parsed === undefined) return undefined;
  const result = await schema['~standard'].validate(parsed.value);
  return result.issues === undefined ? { value: result.value } : undefined;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

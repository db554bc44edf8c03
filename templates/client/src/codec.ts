import type { StandardSchema } from './schema.js';

/** A value read back; absent when the text is not what the schema describes. */
export type Decoded<Value> = { readonly value: Value | null } | undefined;

/** Values as JSON text. `null` stands for "there is none"; every other value, also 0, '' and false, is itself. */
export class Codec<Value> {
  readonly #schema: StandardSchema<Value> | undefined;

  constructor(schema: StandardSchema<Value> | undefined) {
    this.#schema = schema;
  }

  encode(value: Value | null): string {
    // Functions and symbols have no JSON; they are stored as absent.
    return JSON.stringify(value) ?? 'null';
  }

  async decode(text: string): Promise<Decoded<Value>> {
    const parsed = parseJson(text);
    if (parsed === undefined) return undefined;
    if (parsed.value === null) return { value: null };
    if (this.#schema === undefined) return { value: parsed.value as Value };
    const result = await this.#schema['~standard'].validate(parsed.value);
    return result.issues === undefined ? { value: result.value } : undefined;
  }
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

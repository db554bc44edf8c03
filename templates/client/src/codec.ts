import type { SchemaResult, StandardSchema } from './schema.js';

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

  /** Whether a text could be read back; true where there is no schema to say otherwise. */
  async fits(text: string): Promise<boolean> {
    return this.#schema === undefined || (await this.decode(text)) !== undefined;
  }

  /** Reads a text; gives a promise only where the schema takes its time. */
  decode(text: string): Decoded<Value> | Promise<Decoded<Value>> {
    const parsed = parseJson(text);
    if (parsed === undefined || parsed.value === null || this.#schema === undefined)
      return parsed as Decoded<Value>;
    const result = this.#schema['~standard'].validate(parsed.value);
    return result instanceof Promise ? result.then(accepted) : accepted(result);
  }
}

function accepted<Value>(result: SchemaResult<Value>): Decoded<Value> {
  return result.issues === undefined ? { value: result.value } : undefined;
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

import { Codec } from './codec.js';
import { badUse } from './names.js';
import type { StandardSchema } from './schema.js';

/** Things that are passed on as JSON, of which there is none that is nothing. */
export class Items<Item> {
  readonly #name: string;
  readonly #codec: Codec<Item>;

  constructor(name: string, schema: StandardSchema<Item> | undefined) {
    this.#name = name;
    this.#codec = new Codec(schema);
  }

  /** Throws `redis/bad-use` for what has no JSON, and for `null` and `undefined`, which stand for "there is none". */
  encode(item: Item): string {
    const text = this.#textOf(item);
    if (text === 'null') throw badUse(`'${this.#name}' cannot hold ${String(item)}.`);
    return text;
  }

  /** Gives the item, or undefined where the text is none: not JSON, not what the schema describes, or the schema threw. */
  decode(text: string): Item | undefined | Promise<Item | undefined> {
    try {
      const decoded = this.#codec.decode(text);
      if (!(decoded instanceof Promise)) return decoded?.value ?? undefined;
      return decoded.then(
        (late) => late?.value ?? undefined,
        () => undefined,
      );
    } catch {
      return undefined;
    }
  }

  #textOf(item: Item): string {
    try {
      return this.#codec.encode(item);
    } catch (error) {
      throw badUse(`'${this.#name}' holds what has JSON: ${String(error)}`);
    }
  }
}

import type { Items } from './items.js';
import { badUse } from './names.js';
import type { StandardSchema } from './schema.js';

/** The text of an item that readers will accept; throws `redis/bad-use` for any other. */
export async function encodeAccepted<Item>(
  items: Items<Item>,
  { name, schema }: { readonly name: string; readonly schema?: StandardSchema<Item> },
  item: Item,
): Promise<string> {
  const json = items.encode(item);
  if (schema === undefined || (await items.decode(json)) !== undefined) return json;
  throw badUse(`'${name}' was given what its schema does not accept.`);
}

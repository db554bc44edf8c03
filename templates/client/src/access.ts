import type { Services } from './definition.js';
import type { KeyPart } from './names.js';
import { encodeId, taggedKey } from './names.js';
import type { Words } from './port.js';
import { persist } from './retry.js';
import type { Script } from './scripts.js';

/**
 * Commands on the keys of one definition. They are repeated through restarts and failovers until `writeWithinMs` is over,
 * so a command whose answer was lost may count twice.
 */
export class Access {
  readonly services: Services;
  readonly name: string;

  constructor(services: Services, name: string) {
    this.services = services;
    this.name = name;
  }

  /** The key of one id: its own slot. */
  key(parts: readonly KeyPart[]): string {
    return taggedKey(this.services.keyPrefix, this.name, parts);
  }

  /** A key in the slot that all keys of this kind share. */
  shared(...parts: readonly KeyPart[]): string {
    return `${this.services.keyPrefix}{${this.name}}:${encodeId(parts)}`;
  }

  call(key: string, words: Words): Promise<unknown> {
    const { port, writeWithinMs } = this.services;
    return persist(() => port.call(key, words), writeWithinMs);
  }

  run<Reply>(script: Script<Reply>, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    const { port, writeWithinMs } = this.services;
    return persist(() => port.run(script, keys, args), writeWithinMs);
  }

  /** Deletes keys of one slot and says whether there was any. */
  async delete(first: string, ...more: readonly string[]): Promise<boolean> {
    return Number(await this.call(first, ['DEL', first, ...more])) > 0;
  }
}

import type { Services } from './definition.js';
import { escapePattern } from './names.js';
import { textOf, textsOf } from './replies.js';
import { persist } from './retry.js';

// A walk gives way to other commands after so many keys.
const atATime = 1000;

/**
 * Deletes every key that begins with `start`, on every primary, a thousand at a time; each key on its own, since they are in
 * different slots. Keys that move to another server meanwhile can be missed.
 */
export async function deleteAll(services: Services, start: string): Promise<void> {
  const { port, writeWithinMs } = services;
  const call = (key: string, words: readonly [string, ...string[]]) =>
    persist(() => port.call(key, words), writeWithinMs);
  const walk = async (at: string): Promise<void> => {
    let cursor = '0';
    do {
      const scan = ['SCAN', cursor, 'MATCH', `${escapePattern(start)}*`, 'COUNT', String(atATime)] as const;
      const [next, keys] = (await call(at, scan)) as [unknown, unknown];
      await Promise.all(textsOf(keys).map((key) => call(key, ['UNLINK', key])));
      cursor = textOf(next) ?? '0';
    } while (cursor !== '0');
  };
  await Promise.all(oneKeyEach(services).map(walk));
}

/** A key for each primary, so that a command can be sent there. */
function oneKeyEach({ port }: Services): readonly string[] {
  const keys = new Map<string, string>();
  const count = Math.max(1, port.primaries().length);
  // A primary without slots has no keys, and is not waited for.
  for (let i = 0; keys.size < count && i < 16_384; i++) {
    const key = `{${i}}`;
    if (!keys.has(port.shardOf(key))) keys.set(port.shardOf(key), key);
  }
  return [...keys.values()];
}

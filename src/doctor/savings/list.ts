import { allocated, type QuantumBytes } from './allocator.ts';
import {
  type Advisor,
  type KeyLook,
  type KeySaving,
  type Settings,
  textsOf,
  threshold,
  wholeUsage,
} from './key.ts';
import { entryBytes, LISTPACK_FRAME_BYTES } from './listpack.ts';

const SETTING = 'list-max-listpack-size';
const QUANTUM: QuantumBytes = 8;
/** 40, or 48 where the quantum is 16: which it is does not show in a list. */
const NODE_BYTES = 44;
/** What a list of one node goes without since Redis 7.2 and Valkey 8.0: its node, and the head of the chain, which is as large. */
const CHAIN_BYTES = 2 * NODE_BYTES;
/** -2, which is what servers come with: nodes of up to 8 KiB. */
const USUAL = '-2';
const USUAL_BYTES = 8192;
const MOST_ELEMENTS = 1024;
const MOST_BYTES = 256 * 1024;

/** Nodes of the list one after the other as they are full: by number of elements, or by bytes. */
function nodesBytes(sizes: readonly number[], most: { elements: number; bytes: number }): number {
  let total = 0;
  let inNode = { elements: 0, bytes: LISTPACK_FRAME_BYTES };
  const close = () => {
    if (inNode.elements > 0) total += NODE_BYTES + allocated(inNode.bytes, QUANTUM);
  };
  for (const bytes of sizes) {
    if (inNode.elements >= most.elements || inNode.bytes + bytes > most.bytes) {
      close();
      inNode = { elements: 0, bytes: LISTPACK_FRAME_BYTES };
    }
    inNode = { elements: inNode.elements + 1, bytes: inNode.bytes + bytes };
  }
  close();
  return total;
}

/** Smaller nodes than usual; undefined where the setting is as usual or larger. */
function small(settings: Settings): { elements: number; bytes: number } | undefined {
  const size = threshold(settings, SETTING);
  if (size === -1) return { elements: Number.POSITIVE_INFINITY, bytes: 4096 };
  return size !== undefined && size > 0 && size < 128 ? { elements: size, bytes: USUAL_BYTES } : undefined;
}

function savings(_: KeyLook, [usage, reply]: readonly unknown[], settings: Settings): readonly KeySaving[] {
  const sizes = textsOf(reply).map(entryBytes);
  const most = small(settings);
  if (!most || sizes.length === 0) return [];
  const now = nodesBytes(sizes, most);
  const then = nodesBytes(sizes, { elements: Number.POSITIVE_INFINITY, bytes: USUAL_BYTES });
  const one = sizes.reduce((sum, bytes) => sum + bytes, LISTPACK_FRAME_BYTES) <= USUAL_BYTES;
  const less = now - then + (one && 'set-max-listpack-entries' in settings ? CHAIN_BYTES : 0);
  const nowBytes = Math.max(Number(usage) || 0, now);
  return less > 0 ? [{ change: SETTING, value: USUAL, nowBytes, thenBytes: nowBytes - less }] : [];
}

export const LIST: Advisor = {
  questions: ({ type, encoding, key, elements, bytes }, settings) =>
    type === 'list' &&
    encoding === 'quicklist' &&
    elements <= MOST_ELEMENTS &&
    bytes <= MOST_BYTES &&
    small(settings) !== undefined
      ? [wholeUsage(key, elements), ['LRANGE', key, '0', String(elements)]]
      : undefined,
  savings,
};

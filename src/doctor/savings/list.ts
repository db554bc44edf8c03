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
import { countedKeyBytes, layoutOf, usualQuantum } from './layout.ts';
import { entryBytes, LISTPACK_FRAME_BYTES } from './listpack.ts';

const SETTING = 'list-max-listpack-size';
/** Of a node, and of the head of the chain of nodes. MEMORY USAGE says so with either quantum. */
const NODE_BYTES = 40;
/** -2, which is what servers come with: nodes of up to 8 KiB. */
const USUAL = '-2';
const USUAL_BYTES = 8192;
const MOST_ELEMENTS = 1024;
const MOST_BYTES = 256 * 1024;

interface Fill {
  readonly elements: number;
  readonly bytes: number;
}

/** A node without its elements: where the quantum is unknown, between the two. */
const bareNode = (quantum: QuantumBytes | undefined): number =>
  quantum === undefined ? NODE_BYTES + 4 : allocated(NODE_BYTES, quantum);

/** Nodes of the list one after the other as they are full: by number of elements, or by bytes. */
function nodesBytes(
  sizes: readonly number[],
  most: Fill,
  nodeBytes: number,
  quantum: QuantumBytes = 8,
): number {
  let total = 0;
  let inNode = { elements: 0, bytes: LISTPACK_FRAME_BYTES };
  const close = () => {
    if (inNode.elements > 0) total += nodeBytes + allocated(inNode.bytes, quantum);
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
function small(settings: Settings): Fill | undefined {
  const size = threshold(settings, SETTING);
  if (size === -1) return { elements: Number.POSITIVE_INFINITY, bytes: 4096 };
  return size !== undefined && size > 0 && size < 128 ? { elements: size, bytes: USUAL_BYTES } : undefined;
}

/** The quantum with which MEMORY USAGE comes out, where it does with one of them. */
function quantumOf(
  key: KeyLook,
  usage: number,
  sizes: readonly number[],
  most: Fill,
  settings: Settings,
): QuantumBytes | undefined {
  const layout = layoutOf(settings);
  // Its mean over elements is not always whole.
  const fits = (quantum: QuantumBytes) =>
    Math.abs(
      countedKeyBytes(layout, key, quantum) +
        NODE_BYTES +
        nodesBytes(sizes, most, NODE_BYTES, quantum) -
        usage,
    ) <= 1;
  if (fits(8) === fits(16)) return usualQuantum(layout);
  return fits(8) ? 8 : 16;
}

function savings(key: KeyLook, [said, reply]: readonly unknown[], settings: Settings): readonly KeySaving[] {
  const sizes = textsOf(reply).map(entryBytes);
  const most = small(settings);
  if (!most || sizes.length === 0) return [];
  const usage = Number(said) || 0;
  const quantum = quantumOf(key, usage, sizes, most, settings);
  const node = bareNode(quantum);
  const now = nodesBytes(sizes, most, node, quantum);
  const usual = { elements: Number.POSITIVE_INFINITY, bytes: USUAL_BYTES };
  const then = nodesBytes(sizes, usual, node, quantum);
  const one = sizes.reduce((sum, bytes) => sum + bytes, LISTPACK_FRAME_BYTES) <= USUAL_BYTES;
  // Since Redis 7.2 and Valkey 8.0 a list of one node goes without its node, and without the head of the chain.
  const less = now - then + (one && 'set-max-listpack-entries' in settings ? 2 * node : 0);
  const nowBytes = Math.max(usage, now);
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

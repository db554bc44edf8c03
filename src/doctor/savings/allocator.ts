/**
 * The step between small sizes of jemalloc: 8 in what Redis and Valkey bring along (their images have it), 16 in the one of
 * Linux distributions. Nothing tells which it is; it shows in the sizes of keys.
 */
export type QuantumBytes = 8 | 16;

/** What the allocator sets aside for so many bytes: four sizes between a power of two and the next, and small ones by the quantum. */
export function allocated(bytes: number, quantumBytes: QuantumBytes): number {
  if (bytes <= 8) return 8;
  const step = Math.max(quantumBytes, 2 ** Math.floor(Math.log2(bytes - 1)) / 4);
  return Math.ceil(bytes / step) * step;
}

/** A text with its header and final zero. `least` is the smallest header: values that are keys of their own never get the shortest. */
export function sdsBytes(length: number, least: 1 | 3 = 1): number {
  const header = length < 32 ? least : length < 256 ? 3 : length < 65_536 ? 5 : 9;
  return header + length + 1;
}

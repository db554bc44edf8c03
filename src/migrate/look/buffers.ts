/** Writes come in bursts: twice of what a second showed. */
const BURSTS = 2;

/** Bytes that pile up for a replica while it loads a copy for `seconds`. */
export function neededBuffer(writtenBytesPerSecond: number, seconds: number): number {
  return Math.ceil(writtenBytesPerSecond * seconds * BURSTS);
}

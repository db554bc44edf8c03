/** Length of the whole, number of entries, and the byte at the end. */
export const LISTPACK_FRAME_BYTES = 7;

const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

/** The number that a text is kept as; undefined where it stays a text. */
export function integerIn(text: Buffer): bigint | undefined {
  if (text.length === 0 || text.length > 20) return undefined;
  const digits = text.toString('latin1');
  if (!INTEGER.test(digits)) return undefined;
  const value = BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Bytes of one entry of a listpack. */
export function entryBytes(text: Buffer): number {
  const value = integerIn(text);
  return value === undefined ? textEntryBytes(text.length) : withBacklen(integerBytes(value));
}

export const textEntryBytes = (length: number): number =>
  withBacklen(length + (length < 64 ? 1 : length < 4096 ? 2 : 5));

/** Each entry ends with its own length, for walking backwards. */
const withBacklen = (bytes: number): number =>
  bytes + (bytes < 128 ? 1 : bytes < 16_384 ? 2 : bytes < 2_097_152 ? 3 : 4);

const fits = (value: bigint, bits: number) => BigInt.asIntN(bits, value) === value;

function integerBytes(value: bigint): number {
  if (value >= 0n && value < 128n) return 1;
  if (fits(value, 13)) return 2;
  if (fits(value, 16)) return 3;
  if (fits(value, 24)) return 4;
  return fits(value, 32) ? 5 : 9;
}

/** Bytes of a set of integers: all are as wide as the widest needs. */
export function intsetBytes(values: readonly bigint[]): number {
  const width = values.every((one) => fits(one, 16)) ? 2 : values.every((one) => fits(one, 32)) ? 4 : 8;
  return 8 + width * values.length;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

const OPEN = '{'.charCodeAt(0);
const CLOSE = '}'.charCodeAt(0);

/** The cluster slot of a key, 0 to 16383: CRC16 of the part in the first braces, or of the whole key without any. */
export function slotOf(key: Buffer): number {
  const start = key.indexOf(OPEN);
  const end = start < 0 ? -1 : key.indexOf(CLOSE, start + 1);
  let crc = 0;
  for (const byte of end > start + 1 ? key.subarray(start + 1, end) : key) {
    crc = ((crc << 8) ^ (TABLE[(crc >> 8) ^ byte] ?? 0)) & 0xffff;
  }
  return crc % 16_384;
}

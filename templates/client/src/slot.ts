/** The cluster slot of a key, 0 to 16383: CRC16 of the part in the first braces, or of the whole key without any. */
export function slotOf(key: string | Uint8Array): number {
  const bytes = Buffer.from(key);
  const start = bytes.indexOf('{');
  const end = start < 0 ? -1 : bytes.indexOf('}', start + 1);
  let crc = 0;
  for (const byte of end > start + 1 ? bytes.subarray(start + 1, end) : bytes)
    crc = ((crc << 8) ^ (table[(crc >> 8) ^ byte] ?? 0)) & 0xffff;
  return crc % 16384;
}

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/**
 * 64 bits of a text in hex (FNV-1a in two lanes of 32 bits). It tells a changed text from an unchanged one and spreads
 * names over a range; it is no defence against somebody who wants two texts to look alike.
 */
export function digest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ ((code << 5) + i), 0x5bd1e995);
  }
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}

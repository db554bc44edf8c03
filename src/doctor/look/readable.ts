/** Bytes as text to read: what is not printable as \xNN, cut to so many letters. */
export function readable(bytes: Buffer, most = 120): string {
  // More bytes than letters are of no use, and a key may have half a gigabyte of them.
  const text = escaped(bytes.subarray(0, most * 4));
  return text.length > most || bytes.length > most * 4 ? `${text.slice(0, most - 3)}...` : text;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function escaped(bytes: Buffer): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return bytes.toString('latin1').replace(/[^ -~]|\\/g, hex);
  }
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) =>
    Buffer.from(letter).toString('latin1').replace(/./gs, hex),
  );
}

const hex = (letter: string): string => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;

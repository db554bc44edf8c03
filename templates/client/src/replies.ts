/** A reply that is a text or nothing. */
export function textOf(reply: unknown): string | null {
  return reply === null || reply === undefined ? null : String(reply);
}

/** A list of texts. */
export function textsOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

/** A list of texts or nothings. */
export function maybeTextsOf(reply: unknown): (string | null)[] {
  return Array.isArray(reply) ? reply.map(textOf) : [];
}

/** Names and values, in whichever way the protocol and the library give them: a map, a list of pairs, a flat list. */
export function pairsOf(reply: unknown): [string, unknown][] {
  if (reply instanceof Map) return [...reply].map(([name, value]) => [String(name), value]);
  if (!Array.isArray(reply)) return typeof reply === 'object' && reply !== null ? Object.entries(reply) : [];
  if (reply.every((item) => Array.isArray(item) && item.length === 2))
    return reply.map(([name, value]: unknown[]) => [String(name), value]);
  return Array.from({ length: Math.floor(reply.length / 2) }, (_, i) => [
    String(reply[2 * i]),
    reply[2 * i + 1],
  ]);
}

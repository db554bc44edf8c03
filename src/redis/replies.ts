/** `field:value` lines of INFO and CLUSTER INFO. */
export function parseFields(reply: unknown): Readonly<Record<string, string>> {
  const lines = String(reply).split(/\r?\n/);
  const pairs = lines.filter((line) => line.includes(':') && !line.startsWith('#'));
  return Object.fromEntries(
    pairs.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

/** A flat list of names and values, as in CONFIG GET and SENTINEL MASTER. */
export function parsePairs(reply: unknown): Readonly<Record<string, string>> {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => [
    flat[2 * i] ?? '',
    flat[2 * i + 1] ?? '',
  ]);
  return Object.fromEntries(pairs);
}

/** All keys of all databases, out of INFO keyspace (`db0:keys=3,expires=0,...`). */
export function countKeys(info: Readonly<Record<string, string>>): number {
  return Object.entries(info)
    .filter(([name]) => /^db\d+$/.test(name))
    .reduce((sum, [, value]) => sum + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0), 0);
}

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

/** The number in a field of INFO; undefined where it is missing or no number, as with a managed service. */
export function number(info: Readonly<Record<string, string>> | undefined, name: string): number | undefined {
  const text = info?.[name];
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}

/**
 * What INFO memory says of a part, in bytes; undefined where that is more than the server uses. Valkey from 9.0 counts replies
 * for which it keeps no copy, as if it did: clients then hold more than there is, and the data is a number below zero, which
 * it prints as one of 20 digits.
 */
export function partOfMemory(
  info: Readonly<Record<string, string>> | undefined,
  name: 'used_memory_dataset' | 'mem_clients_normal',
): number | undefined {
  const bytes = number(info, name);
  return bytes !== undefined && bytes > (number(info, 'used_memory') ?? bytes) ? undefined : bytes;
}

/** `module:name=lua,ver=1,...` of INFO modules: one line a module under the same name, so it is read from the text. */
export const modulesOf = (text: string): readonly string[] =>
  [...text.matchAll(/^module:name=([^,\r\n]+)/gm)].map(([, name = '']) => name);

/** One client of CLIENT LIST, by the server's own names: `id`, `addr`, `flags`, `lib-name`, ... */
export type ClientLine = Readonly<Record<string, string>>;

export const parseClients = (reply: unknown): readonly ClientLine[] =>
  String(reply)
    .split(/\r?\n/)
    .filter(Boolean)
    .map((line) => Object.fromEntries(line.split(' ').map((pair) => pair.split(/=(.*)/s, 2))));

export const isSubscribed = (client: ClientLine): boolean =>
  ['sub', 'psub', 'ssub'].some((kind) => (client[kind] ?? '0') !== '0');

/** `node-redis 6.3.1`, empty where a client does not say. */
export const libraryOf = (client: ClientLine): string =>
  [client['lib-name'], client['lib-ver']].filter(Boolean).join(' ');

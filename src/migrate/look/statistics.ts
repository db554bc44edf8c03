/** Calls of commands, by the names of INFO commandstats: `mset`, `config|get`. */
export type Calls = Readonly<Record<string, number>>;

/** Commands that work on two keys or more, by what they are for: a cluster wants all of them in one slot. */
export const SEVERAL_KEYS = [
  'mset',
  'msetnx',
  'msetex',
  'mget',
  'rename',
  'renamenx',
  'copy',
  'smove',
  'sinter',
  'sintercard',
  'sinterstore',
  'sunion',
  'sunionstore',
  'sdiff',
  'sdiffstore',
  'zinter',
  'zintercard',
  'zinterstore',
  'zunion',
  'zunionstore',
  'zdiff',
  'zdiffstore',
  'zrangestore',
  'geosearchstore',
  'bitop',
  'pfmerge',
  'lcs',
  'lmove',
  'blmove',
  'rpoplpush',
  'brpoplpush',
  'lmpop',
  'blmpop',
  'zmpop',
  'bzmpop',
] as const;

/** Work of the application's own making, whose keys the statistics do not show. */
export const OWN_MAKING = [
  'eval',
  'evalsha',
  'eval_ro',
  'evalsha_ro',
  'fcall',
  'fcall_ro',
  'multi',
  'watch',
] as const;

/** Commands that a cluster does not have: it has one database. */
export const OTHER_DATABASES = ['select', 'move', 'swapdb'] as const;

/** Sums over nodes of what each of these was called; those that never were are left out, most frequent first. */
export function called(
  nodes: readonly { readonly calls: Calls | undefined }[],
  names: readonly string[],
): Calls {
  const sums = names.map(
    (name) => [name, nodes.reduce((sum, { calls }) => sum + (calls?.[name] ?? 0), 0)] as const,
  );
  return Object.fromEntries(sums.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

/** `MSET 4, EVAL 2`; the first eight of many. */
export function inWords(calls: Calls): string {
  const all = Object.entries(calls).map(([name, count]) => `${name.toUpperCase()} ${count}`);
  return all.length > 8 ? `${all.slice(0, 8).join(', ')} and ${all.length - 8} more` : all.join(', ');
}

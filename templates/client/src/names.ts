import type { Definition } from './definition.js';
import { RedisError } from './errors.js';

export type KeyPart = string | number | bigint | boolean;

/** Longer than any sensible lifetime: whoever gives more has probably mistaken the unit. */
const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;

/** How long a key is kept: milliseconds, or `durable` for keys that only the application deletes. */
export type Lifetime = number | 'durable';

export const badUse = (message: string) => new RedisError('redis/bad-use', message);

/** Collects the definitions of an application; throws `redis/bad-use` where two would share keys. */
export function defineKeyspaces<const Definitions extends Readonly<Record<string, Definition<unknown>>>>(
  definitions: Definitions,
): Definitions {
  const names = new Set<string>();
  for (const { name } of Object.values(definitions)) {
    if (names.has(name)) throw badUse(`Two definitions are named '${name}'; they would share keys.`);
    names.add(name);
  }
  return definitions;
}

/** Throws unless a name can be part of a key. */
export function checkName(name: string): void {
  if (!/^[\w.-]+$/.test(name))
    throw badUse(`The name '${name}' has more than letters, digits, '_', '.' and '-'.`);
}

/** Throws unless a number of milliseconds is a lifetime that somebody can have meant. */
export function checkMs(name: string, option: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 1 && ms <= tenYearsMs) return;
  const hint = ms > tenYearsMs ? '; that is more than ten years: is it in another unit?' : '';
  throw badUse(`'${name}' needs ${option} in milliseconds, at least 1, and got ${ms}${hint}.`);
}

export function checkLifetime(name: string, ttlMs: Lifetime): void {
  if (ttlMs !== 'durable') checkMs(name, 'ttlMs', ttlMs);
}

/** `0` in scripts stands for a key that is kept for ever. */
export const lifetimeArgument = (ttlMs: Lifetime): string =>
  ttlMs === 'durable' ? '0' : String(Math.round(ttlMs));

/** Joins parts with `:`, in an alphabet without braces, so that an id can neither end the hash tag nor begin one. */
export function encodeId(parts: readonly KeyPart[]): string {
  const [first] = parts;
  if (first === undefined) throw badUse('A key has no parts.');
  return parts.length === 1 ? encodePart(first) : parts.map(encodePart).join(':');
}

const plain = /^[\w.~-]+$/;

function encodePart(part: KeyPart): string {
  const text = String(part);
  // The common case, spared the slower encoding of the same result.
  if (plain.test(text)) return text;
  // A bare percent sign stands for the empty text: no other text is encoded so.
  if (text === '') return '%';
  try {
    return encodeURIComponent(text);
  } catch {
    throw badUse(`The key part ${JSON.stringify(text)} is not well-formed Unicode.`);
  }
}

/** A text as a pattern of `SCAN` or `PSUBSCRIBE` that fits itself alone. */
export const escapePattern = (text: string): string => text.replace(/[[\]*?\\]/g, '\\$&');

/** `prefix` + `name:{id}`: all keys that begin so are in one slot. */
export function taggedKey(prefix: string, name: string, parts: readonly KeyPart[]): string {
  return `${prefix}${name}:{${encodeId(parts)}}`;
}

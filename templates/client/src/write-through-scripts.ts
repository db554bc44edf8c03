import { randomBytes } from 'node:crypto';
import { isOne, script } from './scripts.js';

/**
 * What Redis has under one key: a mark, the highest version seen, and the value, of which there may be none.
 *
 * The version keeps an older value from replacing a newer one, as long as something of the value is there. The mark does
 * the same for what has no version: it changes with every invalidation and is gone when the key ends, and whoever was
 * reading or writing the source meanwhile finds another mark, or none, and keeps nothing.
 */
export interface Fenced {
  readonly mark: string;
  readonly version: string;
  /** Empty where there is no value. */
  readonly json: string;
}

export const newMark = (): string => randomBytes(9).toString('base64url');

/** Undefined where the text is something else. */
export function parseFenced(text: string): Fenced | undefined {
  const [all, mark = '', version = ''] = /^(\S+) (\S+) /.exec(text) ?? [];
  return all === undefined ? undefined : { mark, version, json: text.slice(all.length) };
}

// As much of the text as has the mark, the version, and the first character of the value.
const head = `local function head(key)
  return string.match(redis.call('GETRANGE', key, 0, 63), '^(%S+) (%S+) (.?)')
end
`;

// A full server still deletes: then there is no old value either, and whoever loads finds no mark and keeps nothing.
const forget = `local function forget(key, mark, version, ms)
  local reply = redis.pcall('SET', key, mark .. ' ' .. version .. ' ', 'PX', ms)
  if reply.err then redis.call('DEL', key) end
end
`;

/**
 * KEYS: value. ARGV: mark, milliseconds. Gives the text that is there, or the mark that is put in its place; one without a
 * value is then kept for as long as a load may take.
 */
export const open = script<string>(
  `local text = redis.call('GET', KEYS[1])
if text and not string.match(text, '^%S+ %S+ $') then return text end
if not text then
  text = ARGV[1] .. ' - '
  redis.call('SET', KEYS[1], text, 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return text`,
  String,
);

/** KEYS: value. ARGV: mark, milliseconds. The same without the value: gives the mark that is there from now on. */
export const enter = script<string>(
  `${head}local mark, _, first = head(KEYS[1])
if mark and first ~= '' then return mark end
if not mark then
  mark = ARGV[1]
  redis.call('SET', KEYS[1], mark .. ' - ', 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return mark`,
  String,
);

/**
 * KEYS: value. ARGV: mark, version or -, json, milliseconds. Keeps what was loaded under a mark. False where that has changed
 * or a newer value is there; absence, which has no version, does not replace a value.
 */
export const keepLoaded = script<boolean>(
  `${head}local mark, version, first = head(KEYS[1])
if mark ~= ARGV[1] then return 0 end
if ARGV[2] == '-' then
  if version ~= '-' and first ~= '' then return 0 end
elseif version ~= '-' and tonumber(version) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
return 1`,
  isOne,
);

/**
 * KEYS: value. ARGV: mark, version, json, milliseconds, another mark. Keeps what was saved under a mark, unless a newer value
 * is there. Where the mark has changed, nobody knows which is the newest: then there is no value any more.
 */
export const keepSaved = script<boolean>(
  `${head}${forget}local mark, version = head(KEYS[1])
local isNewer = version and version ~= '-' and tonumber(version) > tonumber(ARGV[2])
if mark ~= ARGV[1] then
  forget(KEYS[1], ARGV[5], isNewer and version or ARGV[2], ARGV[4])
  return 0
end
if isNewer then return 0 end
local reply = redis.pcall('SET', KEYS[1], mark .. ' ' .. ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
if not reply.err then return 1 end
redis.call('DEL', KEYS[1])
return 0`,
  isOne,
);

/** KEYS: value. ARGV: mark, milliseconds. Forgets the value and remembers its version. */
export const invalidate = script<boolean>(
  `${head}${forget}local _, version = head(KEYS[1])
forget(KEYS[1], ARGV[1], version or '-', ARGV[2])
return 1`,
  isOne,
);

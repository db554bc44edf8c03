import { maybeTextsOf, textOf } from './replies.js';
import { isOne, script } from './scripts.js';

/**
 * A session is a hash of `data`, `version` and `began`; one that was ended on purpose is a tombstone, which has `ended`, the
 * token of the call that ended it, and no version.
 *
 * Versions are tokens rather than numbers: a repeated write finds its own and knows that it is done, and a version that a
 * failover lost is never given to other data.
 */

/** Lua: how long a session may still last, by ARGV 1 (since it was touched) and 2 (since it began, 0 for any length). */
const lasting = `local function lasting(began, now)
  if ARGV[2] == '0' then return ARGV[1] + 0 end
  return math.min(ARGV[1] + 0, began + ARGV[2] - now)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * KEYS: session. ARGV: the two lifetimes, data, version, when it began or empty for now. Gives when it began; nothing where
 * the id is taken, also by a tombstone, or the lifetime is over.
 */
export const createSession = script<number | null>(
  `${lasting}local began = ARGV[5] == '' and now or ARGV[5] + 0
local found = redis.call('HMGET', KEYS[1], 'version', 'began', 'ended')
if found[1] == ARGV[4] then return found[2] end
local left = lasting(began, now)
if found[1] or found[3] or left <= 0 then return false end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'version', ARGV[4], 'began', began)
redis.call('PEXPIRE', KEYS[1], left)
return tostring(began)`,
  (reply) => {
    const began = textOf(reply);
    return began === null ? null : Number(began);
  },
);

/**
 * KEYS: session. ARGV: the two lifetimes, data, version to write, version that was read. False where that is not the present
 * one.
 */
export const replaceSession = script<boolean>(
  `${lasting}local found = redis.call('HMGET', KEYS[1], 'version', 'began')
if found[1] == ARGV[4] then return 1 end
if found[1] ~= ARGV[5] then return 0 end
local left = lasting(found[2], now)
if left <= 0 then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'version', ARGV[4])
redis.call('PEXPIRE', KEYS[1], left)
return 1`,
  isOne,
);

/** KEYS: session. ARGV: the two lifetimes. False where there is none. */
export const touchSession = script<boolean>(
  `${lasting}local found = redis.call('HMGET', KEYS[1], 'version', 'began')
local left = found[1] and lasting(found[2], now) or 0
if left <= 0 then return 0 end
return redis.call('PEXPIRE', KEYS[1], left)`,
  isOne,
);

/**
 * KEYS: session. ARGV: token, milliseconds of the tombstone, version to end or empty for any. False where there is no such
 * session; then no tombstone is left either, so that made-up ids take no memory.
 */
export const endSession = script<boolean>(
  `local found = redis.call('HMGET', KEYS[1], 'version', 'ended')
if found[2] == ARGV[1] then return 1 end
if not found[1] or (ARGV[3] ~= '' and found[1] ~= ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'ended', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`,
  isOne,
);

/** Reads the fields of a session; nothing where there is none or where it was ended. */
export function sessionOf(reply: unknown): { text: string; version: string; startedMs: number } | undefined {
  const [text, version, began] = maybeTextsOf(reply);
  if (typeof text !== 'string' || typeof version !== 'string') return undefined;
  return { text, version, startedMs: Number(began) };
}

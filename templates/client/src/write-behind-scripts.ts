import { isOne, script } from './scripts.js';
import { slotOf } from './slot.js';
import { bury } from './stream-scripts.js';

const slots = 16_384;

/**
 * Hash tags whose slots are spread evenly over a cluster, one for each shard, so that its primaries share the work. The slash
 * keeps them apart from the names of other definitions.
 */
export function shardTags(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, shard) => {
    for (let attempt = 0; ; attempt++) {
      const tag = `${name}/${shard}.${attempt}`;
      if (Math.floor((slotOf(tag) * count) / slots) === shard) return tag;
    }
  });
}

/** What Redis has under the key of a value. */
export type Held =
  /** `json` is empty where the value was removed. */
  | { readonly kind: 'value'; readonly json: string }
  /** Somebody is loading it. */
  | { readonly kind: 'mark'; readonly mark: string };

/** `version json`, where 0 is the version of what was loaded; or a question mark and the token of who is loading it. */
export function parseHeld(text: string): Held {
  if (text.startsWith('?')) return { kind: 'mark', mark: text };
  return { kind: 'value', json: text.slice(text.indexOf(' ') + 1) };
}

// The version that a value has, 0 where there is none.
const versionAt = `local function versionAt(key)
  return tonumber(string.match(redis.call('GETRANGE', key, 0, 31), '^%d+') or '0')
end
`;

/**
 * KEYS: value, log, clock. ARGV: json (empty to remove it), key parts, the highest version that the caller has seen. The value
 * and the word of it are one step. Gives the version: microseconds of the server's clock, and always above every earlier
 * one of the shard, also where a failover has brought a clock that is behind. Lua would print such a number rounded.
 */
export const change = script<number>(
  `local time = redis.call('TIME')
local version = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[3]) or '0') + 1, ARGV[3] + 1)
local text = string.format('%.0f', version)
redis.call('SET', KEYS[3], text)
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[1])
redis.call('XADD', KEYS[2], '*', 'key', ARGV[2], 'version', text, 'value', ARGV[1])
return text`,
  Number,
);

/** KEYS: value. ARGV: mark, milliseconds. Gives what is there, or the mark that is put in its place. */
export const open = script<string>(
  `local text = redis.call('GET', KEYS[1])
if text then return text end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`,
  String,
);

/** KEYS: value. ARGV: mark, json (empty for none), milliseconds. False where somebody has changed it meanwhile. */
export const keepLoaded = script<boolean>(
  `if redis.call('GETRANGE', KEYS[1], 0, 63) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], '0 ' .. ARGV[2], 'PX', ARGV[3])
return 1`,
  isOne,
);

/**
 * KEYS: log, clock, values. ARGV: group, how many ids, ids, then version and lifetime for each of the values. The source has
 * them: the words are removed, and values that have not changed since get a lifetime. The clock may be that of a server
 * which took over and has never seen these versions: what is put from now on must be above them.
 */
export const settle = script<boolean>(
  `${versionAt}local count = tonumber(ARGV[2])
for i = 3, 2 + count do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  redis.call('XDEL', KEYS[1], ARGV[i])
end
local clock = versionAt(KEYS[2])
for i = 3, #KEYS do
  local at = 3 + count + 2 * (i - 3)
  local version = tonumber(ARGV[at])
  if versionAt(KEYS[i]) == version then redis.call('PEXPIRE', KEYS[i], ARGV[at + 1]) end
  if version > clock then
    clock = version
    redis.call('SET', KEYS[2], ARGV[at])
  end
end
return 1`,
  isOne,
);

/** What is to be done about a change that is due for another try. */
export type Verdict =
  /** Try it, for the `count`th time. */
  | { readonly kind: 'try'; readonly count: number }
  /** Another worker has it. */
  | { readonly kind: 'gone' }
  /** A later change of the same key is there, with which this one has nothing more to say. */
  | { readonly kind: 'obsolete' }
  /** Workers died over it too often. */
  | { readonly kind: 'dead' };

/** KEYS: log, value, dead. ARGV: group, consumer, id, version, most tries. */
export const attempt = script<Verdict>(
  `${versionAt}${bury}local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])[1]
if not pending then return {'gone'} end
if versionAt(KEYS[2]) > tonumber(ARGV[4]) then
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
  redis.call('XDEL', KEYS[1], ARGV[3])
  return {'obsolete'}
end
local count = pending[4] + 1
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', count, 'JUSTID')
if count <= ARGV[5] + 1 then return {'try', count} end
bury(KEYS[1], KEYS[3], ARGV[1], ARGV[3], pending[4], 'Its workers did not end.', '0')
redis.call('XDEL', KEYS[1], ARGV[3])
return {'dead'}`,
  (reply) => {
    const [kind, count] = reply as [Verdict['kind'], unknown];
    return kind === 'try' ? { kind, count: Number(count) } : { kind };
  },
);

/**
 * KEYS: log, dead, value. ARGV: id of the dead one. Has it tried once more, unless a later change of its key makes it
 * obsolete. Says whether it was there.
 */
export const revive = script<boolean>(
  `${versionAt}local entry = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not entry then return 0 end
local words, version = {}, 0
for i = 1, #entry[2], 2 do
  local name, value = entry[2][i], entry[2][i + 1]
  if name == 'version' then version = tonumber(value) end
  if name == 'key' or name == 'version' or name == 'value' then
    words[#words + 1] = name
    words[#words + 1] = value
  end
end
if versionAt(KEYS[3]) <= version then redis.call('XADD', KEYS[1], '*', unpack(words)) end
redis.call('XDEL', KEYS[2], ARGV[1])
return 1`,
  isOne,
);

/** KEYS: dead, value. ARGV: id of the dead one, version. Forgets it, and its value, which the source never took. */
export const discard = script<boolean>(
  `${versionAt}if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if versionAt(KEYS[2]) == tonumber(ARGV[2]) then redis.call('DEL', KEYS[2]) end
return 1`,
  isOne,
);

/** KEYS: agreement. ARGV: what is to be agreed on. Gives what was agreed on first. */
export const agree = script<string>(
  `local agreed = redis.call('GET', KEYS[1])
if agreed then return agreed end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]`,
  String,
);

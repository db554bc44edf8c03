import type { SampleKind } from '../structures/types.ts';

/** What a script is told: how many elements of which size, and in which database. */
export interface Fill {
  readonly kind: SampleKind;
  readonly elements: number;
  readonly bytes: number;
  /** Lifetime of keys, or of fields, in ms; 0 for none. */
  readonly ttlMs: number;
  /** An empty database; undefined for the one that is selected. */
  readonly database: number | undefined;
}

/** All that this tool ever writes for it begins so. */
export const PREFIX = 'create-redis-stack:advise:';

/**
 * Writes elements, looks how much more memory the server uses, and takes them away again: in one script, so that nobody else
 * writes meanwhile, no key of it is ever seen, and whoever is killed before or after leaves nothing. A table that grows
 * keeps its old place until enough reads have moved it, so all elements are read before the second look. Since Redis
 * 7.4 the memory of Lua itself is counted as well; there its garbage is collected before each look, until nothing more goes: each
 * round halves a table.
 */
export const FILL = `
local kind, n, bytes, ttl, database = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local call = redis.call
if database ~= '' then call('SELECT', database) end
local one, two = KEYS[1] .. '1', KEYS[1] .. '2'
local value = string.rep('x', bytes)
local function name(i) return string.format('m%06d', i) end
local function sized(i) return name(i) .. string.rep('x', bytes - 7) end
local function key(i) return KEYS[1] .. name(i) end
local none = function() end
local function each(write, read) return { write = write, read = read, first = key(0), many = true } end
local function within(write, read) return { write = write, read = read or none, first = one } end
local function exists(i) call('EXISTS', key(i)) end
local function expire(i) if ttl > 0 then call('PEXPIRE', key(i), ttl) end end
local kinds = {
  ['string-keys'] = each(function(i) call('SET', key(i), value) expire(i) end, exists),
  ['counter-keys'] = each(function(i) call('SET', key(i), 100000 + i) expire(i) end, exists),
  ['hash-keys'] = each(function(i)
    call('HSET', key(i), 'data', value, 'version', 1, 'began', 1700000000000) expire(i)
  end, exists),
  ['hash-fields'] = within(function(i)
    call('HSET', one, name(i), value)
    if ttl > 0 then call('HPEXPIRE', one, ttl + i, 'FIELDS', 1, name(i)) end
  end, function(i) call('HEXISTS', one, name(i)) end),
  ['hash-counters'] = within(function(i) call('HSET', one, name(i), 1000 + i) end,
    function(i) call('HEXISTS', one, name(i)) end),
  ['list-items'] = within(function(i) call('RPUSH', one, value) end),
  ['set-members'] = within(function(i) call('SADD', one, sized(i)) end,
    function(i) call('SISMEMBER', one, sized(i)) end),
  ['scored-members'] = within(function(i) call('ZADD', one, 1700000000000 + i * 1001, sized(i)) end,
    function(i) call('ZSCORE', one, sized(i)) end),
  ['named-members'] = within(function(i) call('ZADD', one, 0, sized(i)) end,
    function(i) call('ZSCORE', one, sized(i)) end),
  ['places'] = within(function(i) call('GEOADD', one, i % 360 - 180 + 0.5, i % 150 - 75, sized(i)) end,
    function(i) call('ZSCORE', one, sized(i)) end),
  ['stream-entries'] = within(function(i) call('XADD', one, '*', 'item', value) end),
  ['bits'] = within(function(i) call('SETBIT', one, i, 1) end),
  ['sketch'] = within(function(i) call('PFADD', one, sized(i)) end),
  ['queue-items'] = within(function(i) call('HSET', two, name(i), value) call('LPUSH', one, name(i)) end,
    function(i) call('HEXISTS', two, name(i)) end),
  ['logged-values'] = { many = true, first = one, read = exists, write = function(i)
    call('SET', key(i), value)
    call('XADD', one, '*', 'key', name(i), 'version', 1700000000000000 + i, 'value', value)
  end },
}
local way = kinds[kind]
local function look() return tonumber(string.match(call('INFO', 'memory'), 'used_memory:(%d+)')) end
local start = look()
local probe = string.rep('p', 65536)
local isCounted = look() - start > 60000
probe = nil
local function used()
  local last
  while isCounted and last ~= collectgarbage('count') do
    last = collectgarbage('count')
    collectgarbage()
  end
  return look()
end
local before = used()
local more, encoding
local done, why = pcall(function()
  for i = 0, n - 1 do way.write(i) end
  for i = 0, n - 1 do way.read(i) end
  more = used() - before
  encoding = call('OBJECT', 'ENCODING', way.first)
end)
if way.many then for i = 0, n - 1 do call('DEL', key(i)) end end
call('DEL', one, two)
if not done then return redis.error_reply(type(why) == 'table' and why.err or tostring(why)) end
return { more, encoding }
`;

/** The words of a call. The name of the first key decides the slot of all of them. */
export function fillWords(run: string, { kind, elements, bytes, ttlMs, database }: Fill): readonly string[] {
  const numbers = [elements, bytes, ttlMs].map(String);
  return [
    'EVAL',
    FILL,
    '1',
    `${PREFIX}{${run}}:`,
    kind,
    ...numbers,
    database === undefined ? '' : String(database),
  ];
}

/** Length of the name of an element's own key. */
export const KEY_BYTES = `${PREFIX}{abcdef}:m000000`.length;

import { pairsOf, textsOf } from './replies.js';
import { isOne, script } from './scripts.js';

/** An entry as it is in a stream. */
export interface LogEntry {
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** An entry that was handed to a consumer, for the `count`th time. */
export interface Delivery extends LogEntry {
  readonly count: number;
}

const entryOf = ([id, fields]: readonly unknown[]): LogEntry => ({
  id: String(id),
  fields: new Map(pairsOf(fields).map(([name, value]) => [name, String(value)])),
});

/** XRANGE, XREAD and XREADGROUP give entries as lists in both protocols; one that was deleted has no fields. */
export function entriesOf(reply: unknown): LogEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.filter((entry) => Array.isArray(entry) && Array.isArray(entry[1])).map(entryOf);
}

/**
 * The consumer that has what nobody has: entries that wait for their next try. They can be claimed when their idle time,
 * which is set so, reaches that of a silent consumer.
 */
const nobody = 'nobody';

// Lua has its replies in the old protocol, whatever the client speaks.
const facts = `local function facts(reply)
  local found = {}
  for i = 1, #reply, 2 do found[reply[i]] = reply[i + 1] end
  return found
end
local function groupOf(log, name)
  for _, reply in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    local group = facts(reply)
    if group['name'] == name then return group end
  end
end
local function isBefore(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bSeq = string.match(b, '^(%d+)-(%d+)$')
  return aMs + 0 < bMs + 0 or (aMs == bMs and aSeq + 0 < bSeq + 0)
end
`;

// Everything up to here is acknowledged: a group that begins here misses nothing.
const position = `local function position(log, name)
  local lowest = redis.call('XPENDING', log, name)[2]
  if not lowest then return groupOf(log, name)['last-delivered-id'] end
  local ms, seq = string.match(lowest, '^(%d+)-(%d+)$')
  if seq ~= '0' then return ms .. '-' .. string.format('%.0f', seq - 1) end
  return string.format('%.0f', ms - 1) .. '-18446744073709551615'
end
`;

// Whole nodes only, which costs the server little; so a little more than `keep` is kept.
const trim = `local function trim(log, keep)
  local surplus = redis.call('XLEN', log) - keep
  if surplus <= 0 then return end
  local needed
  local function need(id) if id and (not needed or isBefore(id, needed)) then needed = id end end
  for _, reply in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    local group = facts(reply)
    need(group['last-delivered-id'])
    need(redis.call('XPENDING', log, group['name'])[2])
  end
  if needed then redis.call('XTRIM', log, 'MINID', '~', needed, 'LIMIT', surplus)
  else redis.call('XTRIM', log, 'MAXLEN', '~', keep) end
end
`;

// After a first write that needs no memory, a full server lets a script do the rest: one that is full must still be emptied.
const roomy = `redis.call('XACK', KEYS[1], ARGV[1], '0-1')`;

/** Lua that moves an entry to the dead ones; `most` of them are kept, 0 keeps all. */
export const bury = `local function bury(log, dead, group, id, count, reason, most)
  local entry = redis.call('XRANGE', log, id, id)[1]
  if entry then
    local words = entry[2]
    for _, word in ipairs({'id', id, 'deliveries', count, 'reason', reason}) do words[#words + 1] = word end
    if tonumber(most) > 0 then redis.call('XADD', dead, 'MAXLEN', '~', most, '*', unpack(words))
    else redis.call('XADD', dead, '*', unpack(words)) end
  end
  redis.call('XACK', log, group, id)
end
`;

/**
 * KEYS: log. ARGV: item, token, how many entries to keep, the id after which it may be there already. Gives the id. How often
 * it trims follows from the length, so that nobody has to remember when it was done last.
 */
export const add = script<string>(
  `${facts}${trim}if ARGV[4] ~= '' then
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', ARGV[4], 'COUNT', 1000)) do
    if facts(entry[2])['token'] == ARGV[2] then return entry[1] end
  end
end
local id = redis.call('XADD', KEYS[1], '*', 'item', ARGV[1], 'token', ARGV[2])
if redis.call('XLEN', KEYS[1]) % 100 == 0 then trim(KEYS[1], ARGV[3]) end
return id`,
  String,
);

/**
 * KEYS: log. ARGV: group, where it begins if there is none: 0, $ or an id. On a server that lost the last entries in a
 * failover that id may be one that it has not reached: then the group begins at its end. False where the group was there.
 */
export const join = script<boolean>(
  `${facts}local from = ARGV[2]
local isThere = redis.call('EXISTS', KEYS[1]) == 1
if isThere and groupOf(KEYS[1], ARGV[1]) then return 0 end
if from ~= '0' and from ~= '$' then
  local last = isThere and facts(redis.call('XINFO', 'STREAM', KEYS[1]))['last-generated-id'] or '0-0'
  if isBefore(last, from) then from = last end
end
${roomy}
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], from, 'MKSTREAM')
return 1`,
  isOne,
);

export interface Claimed {
  /** Where to go on; `0-0` at the end. */
  readonly cursor: string;
  /** How many were given up. */
  readonly buried: number;
  readonly deliveries: readonly Delivery[];
}

/**
 * KEYS: log, dead. ARGV: group, consumer, milliseconds of silence, how many, cursor, most deliveries or 0, most dead or 0.
 * Takes over what silent consumers left and what is due for its next try. With 0 deliveries it neither counts nor gives up.
 */
export const claim = script<Claimed>(
  `${bury}local most = tonumber(ARGV[6])
local found = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[5], 'COUNT', ARGV[4], 'JUSTID')
local claimed, buried = {}, 0
for _, id in ipairs(found[2]) do
  local count = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)[1][4]
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if not entry then redis.call('XACK', KEYS[1], ARGV[1], id)
  elseif most > 0 and count >= most then
    bury(KEYS[1], KEYS[2], ARGV[1], id, count, 'Its consumers did not end.', ARGV[7])
    buried = buried + 1
  else
    if most > 0 then
      count = count + 1
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', count, 'JUSTID')
    end
    claimed[#claimed + 1] = {id, entry[2], count}
  end
end
return {found[1], buried, claimed}`,
  (reply) => {
    const [cursor, buried, claimed] = reply as [unknown, unknown, unknown[][]];
    const deliveries = claimed.map((entry) => ({ ...entryOf(entry), count: Number(entry[2]) }));
    return { cursor: String(cursor), buried: Number(buried), deliveries };
  },
);

/** KEYS: log. ARGV: group, consumer, ids. Says that the consumer is alive, and gives the ids that it has no longer. */
export const renew = script<string[]>(
  `local lost = {}
for i = 3, #ARGV do
  if redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else lost[#lost + 1] = ARGV[i] end
end
return lost`,
  textsOf,
);

/** KEYS: log. ARGV: group, consumer, idle milliseconds to begin with, deliveries to count, ids. Skips what others have. */
export const giveBack = script<boolean>(
  `for i = 5, #ARGV do
  if redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], '${nobody}', 0, ARGV[i], 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[4], 'JUSTID')
  end
end
return 1`,
  isOne,
);

/** KEYS: log, dead. ARGV: group, consumer, id, reason, most dead or 0, 1 to delete it. False where another one has it by now. */
export const giveUp = script<boolean>(
  `${bury}local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])[1]
if not pending then return 0 end
${roomy}
bury(KEYS[1], KEYS[2], ARGV[1], ARGV[3], pending[4], ARGV[4], ARGV[5])
if ARGV[6] == '1' then redis.call('XDEL', KEYS[1], ARGV[3]) end
return 1`,
  isOne,
);

/**
 * KEYS: log. ARGV: group, consumer, idle milliseconds. Others can have what the consumer never got to see, and its name is
 * forgotten: a name that goes with entries pending takes them along.
 */
export const leave = script<boolean>(
  `repeat
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
  for _, one in ipairs(pending) do
    local count = math.max(0, one[4] - 1)
    redis.call('XCLAIM', KEYS[1], ARGV[1], '${nobody}', 0, one[1], 'IDLE', ARGV[3], 'RETRYCOUNT', count, 'JUSTID')
  end
until #pending == 0
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1`,
  isOne,
);

/**
 * KEYS: log. ARGV: group, milliseconds, how many entries to keep or -1. Forgets consumers that have nothing and have been
 * silent for so long, trims, and gives the id up to which everything is acknowledged.
 */
export const tidy = script<string>(
  `${facts}${position}${trim}local at = position(KEYS[1], ARGV[1])
for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local one = facts(reply)
  if one['pending'] == 0 and one['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], one['name'])
  end
end
if ARGV[3] ~= '-1' then trim(KEYS[1], ARGV[3]) end
return at`,
  String,
);

/** KEYS: log. ARGV: group. Gives how many wait, how many are pending, and the age of the oldest of them; nothing without group. */
export const lag = script<readonly number[] | null>(
  `${facts}local group = redis.call('EXISTS', KEYS[1]) == 1 and groupOf(KEYS[1], ARGV[1])
if not group then return false end
local after = '(' .. group['last-delivered-id']
local waiting = group['lag']
if not waiting then waiting = #redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', 10000) end
local oldest = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
local next = redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', 1)[1]
if next and not oldest then oldest = next[1] end
local time = redis.call('TIME')
local age = oldest and time[1] * 1000 + math.floor(time[2] / 1000) - string.match(oldest, '^%d+') or 0
return {waiting, group['pending'], math.max(0, age)}`,
  (reply) => (Array.isArray(reply) ? reply.map(Number) : null),
);

/** KEYS: log, dead. ARGV: group, ids of dead entries. Adds them once more, for this group alone, and says how many. */
export const revive = script<number>(
  `${facts}local count = 0
for i = 2, #ARGV do
  local entry = redis.call('XRANGE', KEYS[2], ARGV[i], ARGV[i])[1]
  if entry then
    redis.call('XADD', KEYS[1], '*', 'item', facts(entry[2])['item'], 'for', ARGV[1])
    redis.call('XDEL', KEYS[2], ARGV[i])
    count = count + 1
  end
end
return count`,
  Number,
);

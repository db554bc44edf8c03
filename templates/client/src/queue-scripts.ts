import { textOf, textsOf } from './replies.js';
import { isOne, script } from './scripts.js';

/**
 * The keys of a queue, in the order of KEYS in every script below; all in one slot.
 *
 * Lists and sets hold ids; what was pushed is in `items`. An id is in one place at a time: `waiting`, `handed` (on its way
 * from the list to whoever asks next), `later` (by when it is due), `hands` or `dead`. A holder is one handing over, with a
 * lease in `leases` that ends unless it is renewed.
 */
export const queueKeyNames = [
  'waiting',
  'handed',
  'later',
  'leases',
  'hands',
  'items',
  'tries',
  'dead',
  'reasons',
  'pulse',
] as const;

const names = `local ${queueKeyNames.join(', ')} = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
`;

// A server without memory refuses scripts whose first write could need some; a full queue must still be emptied.
const prelude = `${names}redis.call('ZREM', leases, '')
local function forget(id)
  for _, key in ipairs({items, tries, reasons}) do redis.call('HDEL', key, id) end
  redis.call('ZREM', dead, id)
end
local function lease(holder, silentMs)
  redis.call('ZADD', leases, now + silentMs, holder)
  redis.call('HDEL', pulse, holder)
end
local function letGo(holder)
  redis.call('ZREM', leases, holder)
  redis.call('HDEL', pulse, holder)
  redis.call('HDEL', hands, holder)
end
local function bury(id, why, maxDead)
  redis.call('ZADD', dead, now, id)
  redis.call('HSET', reasons, id, why)
  for _, old in ipairs(redis.call('ZRANGE', dead, 0, -1 - maxDead)) do forget(old) end
end
local function isItem(id) return id and redis.call('HEXISTS', items, id) == 1 end
`;

// Nobody can be heard during an outage: after one, a lease that ran when it began is given anew, once until its holder is heard.
const heard = `local function heard(silentMs)
  local seen = tonumber(redis.call('HGET', pulse, 'seen') or now)
  redis.call('HSET', pulse, 'seen', now)
  if now - seen <= silentMs / 2 then return end
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', leases, seen, '+inf')) do
    if redis.call('HSETNX', pulse, holder, 1) == 1 then redis.call('ZADD', leases, now + silentMs, holder) end
  end
end
`;

/** ARGV: id and item, for each of them. Asked twice, it adds once. */
export const push = script<void>(
  `${names}for i = 1, #ARGV, 2 do
  if redis.call('HSETNX', items, ARGV[i], ARGV[i + 1]) == 1 then redis.call('LPUSH', waiting, ARGV[i]) end
end
return 1`,
  () => undefined,
);

/** ARGV: id, item, milliseconds from now. */
export const pushLater = script<void>(
  `${names}if redis.call('HSETNX', items, ARGV[1], ARGV[2]) == 1 then
  redis.call('ZADD', later, now + ARGV[3], ARGV[1])
end
return 1`,
  () => undefined,
);

export interface HandedOver {
  readonly id: string;
  readonly json: string;
  /** How often it was handed over, this time included. */
  readonly count: number;
}

export interface Taken {
  readonly handed: HandedOver | undefined;
  /** Milliseconds until something is due, where something is for later. */
  readonly dueInMs: number | undefined;
  /** How many came back from workers that fell silent. */
  readonly givenBack: number;
  /** How many of those were given up. */
  readonly buried: number;
}

/**
 * ARGV: holder, milliseconds of silence, most deliveries, most dead ones. Asked twice by one holder, it gives the same item
 * and counts it once: the first answer may have been lost.
 */
export const take = script<Taken>(
  `${prelude}${heard}local holder, silentMs = ARGV[1], tonumber(ARGV[2])
local givenBack, buried = 0, 0
heard(silentMs)
local id = redis.call('HGET', hands, holder)
if id then lease(holder, silentMs) end
for _, due in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', later, due)
  redis.call('LPUSH', waiting, due)
end
for _, silent in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 100)) do
  local left = redis.call('HGET', hands, silent)
  letGo(silent)
  if isItem(left) and tonumber(redis.call('HGET', tries, left)) >= tonumber(ARGV[3]) then
    bury(left, 'Its worker fell silent.', tonumber(ARGV[4]))
    buried = buried + 1
  elseif isItem(left) then
    redis.call('RPUSH', waiting, left)
    givenBack = givenBack + 1
  end
end
if not isItem(id) then
  -- What a worker that was believed dead has finished after all is no item any more.
  repeat
    id = redis.call('RPOP', handed) or redis.call('RPOP', waiting)
  until not id or isItem(id)
  if id then
    redis.call('HSET', hands, holder, id)
    lease(holder, silentMs)
    redis.call('HINCRBY', tries, id, 1)
  end
end
if id then
  return {givenBack, buried, -1, id, redis.call('HGET', items, id), redis.call('HGET', tries, id)}
end
letGo(holder)
local due = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')[2]
return {givenBack, buried, due and math.max(0, math.ceil(due - now)) or -1}`,
  (reply) => {
    const [givenBack, buried, dueInMs, id, json, count] = reply as unknown[];
    return {
      givenBack: Number(givenBack),
      buried: Number(buried),
      dueInMs: Number(dueInMs) < 0 ? undefined : Number(dueInMs),
      handed: id === undefined ? undefined : { id: String(id), json: String(json), count: Number(count) },
    };
  },
);

/** ARGV: holder, milliseconds of silence. False when the item was given to another one, or that one has finished it. */
export const renew = script<boolean>(
  `${prelude}${heard}heard(tonumber(ARGV[2]))
if not isItem(redis.call('HGET', hands, ARGV[1])) then return 0 end
lease(ARGV[1], tonumber(ARGV[2]))
return 1`,
  isOne,
);

/** ARGV: holder, id. Done is done, whoever has it by now. */
export const finish = script<void>(
  `${prelude}letGo(ARGV[1])
forget(ARGV[2])
return 1`,
  () => undefined,
);

export type FailedTo = 'later' | 'dead' | 'gone';

/** ARGV: holder, id, why, milliseconds until the next try, most deliveries, most dead ones. */
export const fail = script<FailedTo>(
  `${prelude}if redis.call('HGET', hands, ARGV[1]) ~= ARGV[2] then return 'gone' end
letGo(ARGV[1])
if not isItem(ARGV[2]) then return 'gone' end
if tonumber(redis.call('HGET', tries, ARGV[2])) >= tonumber(ARGV[5]) then
  bury(ARGV[2], ARGV[3], tonumber(ARGV[6]))
  return 'dead'
end
redis.call('ZADD', later, now + ARGV[4], ARGV[2])
return 'later'`,
  (reply) => String(reply) as FailedTo,
);

/** ARGV: holder. Gives back what it has, untried, to be taken next. */
export const release = script<void>(
  `${prelude}local id = redis.call('HGET', hands, ARGV[1])
letGo(ARGV[1])
if isItem(id) then
  redis.call('HINCRBY', tries, id, -1)
  redis.call('RPUSH', waiting, id)
end
return 1`,
  () => undefined,
);

/** Waiting, taken, later, dead. */
export const sizes = script<readonly number[]>(
  `${names}return {
  redis.call('LLEN', waiting) + redis.call('LLEN', handed),
  redis.call('HLEN', hands), redis.call('ZCARD', later), redis.call('ZCARD', dead)
}`,
  (reply) => textsOf(reply).map(Number),
);

export interface DeadRow {
  readonly id: string;
  readonly at: number;
  readonly json: string;
  readonly count: number;
  readonly reason: string;
}

/** ARGV: how many to skip, how many to give. The latest first. */
export const listDead = script<readonly DeadRow[]>(
  `${names}local rows = {}
for _, id in ipairs(redis.call('ZREVRANGE', dead, ARGV[1], ARGV[1] + ARGV[2] - 1)) do
  rows[#rows + 1] = {
    id, redis.call('ZSCORE', dead, id), redis.call('HGET', items, id),
    redis.call('HGET', tries, id), redis.call('HGET', reasons, id)
  }
end
return rows`,
  (reply) =>
    (reply as unknown[][]).map(([id, at, json, count, reason]) => ({
      id: String(id),
      at: Number(at),
      json: String(json),
      count: Number(count),
      reason: textOf(reason) ?? '',
    })),
);

export const deadIds = script<readonly string[]>(`${names}return redis.call('ZRANGE', dead, 0, -1)`, textsOf);

/** ARGV: ids. Has dead ones wait again, as if they had never been tried. Gives how many there were. */
export const replay = script<number>(
  `${names}local count = 0
for _, id in ipairs(ARGV) do
  if redis.call('ZREM', dead, id) == 1 then
    redis.call('HDEL', reasons, id)
    redis.call('HDEL', tries, id)
    redis.call('LPUSH', waiting, id)
    count = count + 1
  end
end
return count`,
  Number,
);

/** ARGV: ids. Gives how many there were. */
export const discard = script<number>(
  `${prelude}local count = 0
for _, id in ipairs(ARGV) do
  if redis.call('ZSCORE', dead, id) then
    forget(id)
    count = count + 1
  end
end
return count`,
  Number,
);

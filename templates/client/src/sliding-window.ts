import { type Algorithm, type Allowance, numbersOf, readClock, slack } from './rate-limit-algorithm.js';
import { script } from './scripts.js';

// So finely is the period divided. The log then takes 400 bytes at most, however much passes.
const parts = 20;

/**
 * KEYS: log. ARGV: microseconds of the period, limit, cost, microseconds of a part, milliseconds of the period.
 *
 * `log` is time, cost, time, cost, oldest first; from `first` on it still counts.
 */
const readLog = `${readClock}local per, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('GET', KEYS[1])
local log = stored and cmsgpack.unpack(stored) or {}
local size, first, used = #log, 1, 0
local isAhead = size > 0 and log[size - 1] > now
while first < size and log[first] <= now - per do first = first + 2 end
if isAhead then
  for i = first, size, 2 do log[i] = math.min(log[i], now) end
end
for i = first + 1, size, 2 do used = used + log[i] end
local reset = first < size and log[size - 1] + per - now or 0
`;

const refuse = `  local i, over = first, used + cost - limit
  while i + 2 < size and over > log[i + 1] do
    over = over - log[i + 1]
    i = i + 2
  end
  return {0, limit - used, log[i] + per - now, reset}
end
`;

/** Gives whether it may pass, how much is left, and the microseconds to wait and until nothing counts any more. */
const check = script(
  `${readLog}if used + cost > limit then
  -- The clock was set back: what was counted runs out by the new time.
  if isAhead then redis.call('SET', KEYS[1], cmsgpack.pack(log), 'PX', ARGV[5]) end
${refuse}local kept = log
if first > 1 then
  kept = {}
  for i = first, size do kept[i - first + 1] = log[i] end
end
local last = #kept
if last > 0 and math.floor(kept[last - 1] / ARGV[4]) == math.floor(now / ARGV[4]) then
  kept[last - 1], kept[last] = now, kept[last] + cost
else
  kept[last + 1], kept[last + 2] = now, cost
end
redis.call('SET', KEYS[1], cmsgpack.pack(kept), 'PX', ARGV[5])
return {1, limit - used - cost, 0, per}`,
  numbersOf,
);

const peek = script(
  `${readLog}if used + cost > limit then
${refuse}return {1, limit - used, 0, reset}`,
  numbersOf,
);

/**
 * A log of what passed. What comes within one twentieth of the period shares an entry, with the time of its latest, so that
 * it may count for longer than the period by that much, and never for less.
 */
export function slidingWindow({ limit, perMs }: Allowance): Algorithm {
  const perUs = perMs * 1000;
  const args = (cost: number) => [perUs, limit * slack, cost, perUs / parts, Math.ceil(perMs)].map(String);
  return {
    capacity: limit,
    check,
    peek,
    args,
    read: ([allowed, left = 0, waitUs = 0, resetUs = 0]) => ({
      allowed: allowed === 1,
      remaining: Math.max(0, left),
      retryAfterMs: Math.ceil(waitUs / 1000),
      resetMs: Math.ceil(resetUs / 1000),
    }),
  };
}

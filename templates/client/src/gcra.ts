import { type Algorithm, type Allowance, numbersOf, readClock, slack } from './rate-limit-algorithm.js';
import { script } from './scripts.js';

/**
 * The bucket as it is now: how many microseconds it takes to run empty. Kept with the time it was so, and not as the one
 * time at which it is empty, because a sum of the microseconds since 1970 and a small cost loses the cost.
 *
 * KEYS: level and time. ARGV: microseconds that a full bucket takes, microseconds of the cost.
 */
const readBucket = `${readClock}local most = ARGV[1] + 0
local level = 0
local stored = redis.call('GET', KEYS[1])
if stored then
  local at
  level, at = struct.unpack('<dd', stored)
  level = level - now + at
  if level < 0 then level = 0 end
end
local filled = level + ARGV[2]
`;

/** Gives the microseconds until the bucket is empty, or one less than minus that where the cost does not fit. */
const check = script(
  `${readBucket}if filled > most then
  -- Fuller than full: the clock was set back, or the burst was made smaller.
  if level > most then
    level = most
    redis.call('SET', KEYS[1], struct.pack('<dd', level, now), 'PX', math.ceil(level / 1000))
  end
  return -1 - level
end
redis.call('SET', KEYS[1], struct.pack('<dd', filled, now), 'PX', math.ceil(filled / 1000))
return filled`,
  numbersOf,
);

const peek = script(
  `${readBucket}if filled > most then return -1 - math.min(level, most) end
return level`,
  numbersOf,
);

/** The generic cell rate algorithm of ITU-T I.371, in its form as a leaky bucket. */
export function gcra({ limit, perMs, burst }: Allowance): Algorithm {
  const eachUs = (perMs * 1000) / limit;
  const wholeUs = eachUs * burst;
  return {
    capacity: burst,
    check,
    peek,
    args: (cost) => [String(wholeUs * slack), String(eachUs * cost)],
    read([reply = 0], cost) {
      const allowed = reply >= 0;
      const levelUs = allowed ? reply : -1 - reply;
      // The level was rounded down to whole microseconds.
      const waitUs = levelUs + 1 + eachUs * cost - wholeUs;
      return {
        allowed,
        remaining: Math.max(0, Math.floor(((wholeUs - levelUs) / eachUs) * slack)),
        retryAfterMs: allowed ? 0 : Math.max(1, Math.ceil(waitUs / 1000)),
        resetMs: Math.ceil(levelUs / 1000),
      };
    },
  };
}

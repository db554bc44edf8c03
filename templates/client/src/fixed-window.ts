import { type Algorithm, type Allowance, numbersOf, slack } from './rate-limit-algorithm.js';
import { script } from './scripts.js';

/** KEYS: count. ARGV: limit, cost, milliseconds of the window. */
const readWindow = `local stored = redis.call('GET', KEYS[1])
local left = stored and redis.call('PTTL', KEYS[1]) or 0
local used = stored or 0
local counted = used + ARGV[2]
if counted > ARGV[1] + 0 then return {0, ARGV[1] - used, left, left} end
`;

/** Gives whether it may pass, how much is left, and the milliseconds to wait and until the window ends. */
const check = script(
  `${readWindow}if stored then
  redis.call('SET', KEYS[1], counted, 'KEEPTTL')
else
  redis.call('SET', KEYS[1], counted, 'PX', ARGV[3])
  left = ARGV[3] + 0
end
return {1, ARGV[1] - counted, 0, left}`,
  numbersOf,
);

const peek = script(`${readWindow}return {1, ARGV[1] - used, 0, left}`, numbersOf);

/** A count that ends with the window; a window begins with the first that passes after the last one. */
export function fixedWindow({ limit, perMs }: Allowance): Algorithm {
  return {
    capacity: limit,
    check,
    peek,
    args: (cost) => [limit * slack, cost, Math.ceil(perMs)].map(String),
    read: ([allowed, left = 0, waitMs = 0, resetMs = 0]) => ({
      allowed: allowed === 1,
      remaining: Math.max(0, left),
      // A key is there until its last millisecond is over.
      retryAfterMs: allowed === 1 ? 0 : waitMs + 1,
      resetMs,
    }),
  };
}

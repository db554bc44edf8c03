import { badUse } from './names.js';

const largest = Number.MAX_SAFE_INTEGER;

/** An integer as Redis reads it; throws `redis/bad-use` for any other number and beyond the bounds. */
export function integerText(
  name: string,
  what: string,
  value: number,
  from = -largest,
  to = largest,
): string {
  if (Number.isSafeInteger(value) && value >= from && value <= to) return String(value);
  throw badUse(`'${name}' needs an integer from ${from} to ${to} as ${what}, and got ${String(value)}.`);
}

/** A number as Redis reads it; throws `redis/bad-use` for NaN, for infinity and beyond 2^53 - 1. */
export function numberText(name: string, what: string, value: number): string {
  if (Number.isFinite(value) && Math.abs(value) <= largest) return String(value);
  throw badUse(
    `'${name}' needs a number from ${-largest} to ${largest} as ${what}, and got ${String(value)}.`,
  );
}

/**
 * Lua that begins a script which adds: it gives up, before anything is written, where `sum` would leave the numbers that
 * JavaScript tells apart.
 */
export const refuseInexact = (sum: string): string => `local sum = ${sum}
if math.abs(sum) > ${largest} then return redis.error_reply('ERR the sum would be beyond 2^53 - 1') end`;

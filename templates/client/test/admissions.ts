import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimit } from '../src/rate-limits.js';

/** Something that passed: it was counted on the server between these two moments. */
export interface Admission {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly cost: number;
}

/** A time in which more passed than should have. */
export interface Excess {
  readonly ms: number;
  readonly cost: number;
}

/** Asks from several processes, several times at once in each, for a while. */
export async function hammer(limits: readonly RateLimit<string>[], id: string, forMs: number, cost = 1) {
  const admitted: Admission[] = [];
  let refused = 0;
  const endAt = performance.now() + forMs;
  const caller = async (limit: RateLimit<string>): Promise<void> => {
    while (performance.now() < endAt) {
      const askedMs = performance.now();
      const { allowed } = await limit.check(id, cost);
      if (allowed) admitted.push({ askedMs, answeredMs: performance.now(), cost });
      else refused++;
      await sleep(Math.random() * 2);
    }
  };
  await Promise.all(limits.flatMap((limit) => [caller(limit), caller(limit), caller(limit)]));
  return { admitted, refused };
}

/**
 * Every time between two moments in which more passed than `allowed` says. Only what was surely counted within it is held
 * against it: asked after its begin and answered before its end.
 */
export function excess(
  admitted: readonly Admission[],
  allowed: (window: { readonly ms: number }) => number,
): Excess[] {
  const found: Excess[] = [];
  for (const { askedMs: from } of admitted)
    for (const { answeredMs: to } of admitted) {
      const within = admitted.filter(({ askedMs, answeredMs }) => askedMs >= from && answeredMs <= to);
      const cost = within.reduce((sum, one) => sum + one.cost, 0);
      const ms = to - from;
      if (ms > 0 && cost > allowed({ ms }) + 1e-6) found.push({ ms, cost });
    }
  return found;
}

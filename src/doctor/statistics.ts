import type { KeySample } from './facts.ts';

/** A sum over all keys, with half the width of its 95 % interval; 0 where all was looked at. */
export interface Estimate {
  readonly value: number;
  readonly plusMinus: number;
}

/** 1.96 standard errors on either side hold the true value in 95 of 100 samples. */
const Z95 = 1.96;

/**
 * The sum of a quantity over all keys, from its sum and its sum of squares over `sample.looked` random ones. Keys that do
 * not have the quantity count as 0, so sums over a part of the sample are estimates over all keys too.
 */
export function extrapolate(
  { keys, looked, complete }: Pick<KeySample, 'keys' | 'looked' | 'complete'>,
  { sum, squares }: { readonly sum: number; readonly squares: number },
): Estimate {
  if (complete || looked >= keys) return { value: sum, plusMinus: 0 };
  if (looked === 0) return { value: 0, plusMinus: 0 };
  const mean = sum / looked;
  if (looked === 1) return { value: Math.round(mean * keys), plusMinus: Math.round(mean * keys) };
  const variance = Math.max(0, squares - looked * mean ** 2) / (looked - 1);
  // Drawn without putting back: what has been seen is no longer in doubt.
  const unseenPart = (keys - looked) / (keys - 1);
  const plusMinus = Z95 * keys * Math.sqrt((variance / looked) * unseenPart);
  return { value: Math.round(mean * keys), plusMinus: Math.round(plusMinus) };
}

/** How many of all keys are like these of the sample. */
export const extrapolateCount = (
  sample: Pick<KeySample, 'keys' | 'looked' | 'complete'>,
  count: number,
): Estimate => extrapolate(sample, { sum: count, squares: count });

/** Of estimates that do not depend on one another: of several nodes, each with a sample of its own. */
export function addUp(estimates: readonly Estimate[]): Estimate {
  return {
    value: estimates.reduce((sum, { value }) => sum + value, 0),
    plusMinus: Math.round(Math.hypot(...estimates.map(({ plusMinus }) => plusMinus))),
  };
}

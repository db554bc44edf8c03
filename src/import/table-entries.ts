import type { Verdict } from './types.ts';

/** One line of the mapping: Bitnami keys, and what becomes of them. */
export interface Entry {
  /** Dotted paths, with the words of `table.ts`. */
  readonly keys: readonly string[];
  /** `read`: what becomes of it depends on the values; a topic gives the account. */
  readonly verdict: Verdict | 'read';
  /** Where it belongs. `helm:` stands for the chart's values file. */
  readonly to?: string;
  readonly why: string;
  /** A mapping or list of the user's own making: one key, whatever is in it. */
  readonly whole: boolean;
}

type Keys = string | readonly string[];

const entry = (keys: Keys, verdict: Entry['verdict'], why: string, to?: string): Entry => ({
  keys: typeof keys === 'string' ? [keys] : keys,
  verdict,
  why,
  whole: false,
  ...(to === undefined ? {} : { to }),
});

export const whole = (e: Entry): Entry => ({ ...e, whole: true });

export const read = (...keys: readonly string[]): Entry =>
  entry(keys, 'read', 'as the chart comes, with the others of its kind');
export const helm = (keys: Keys, path: string, why: string): Entry =>
  entry(keys, 'elsewhere', why, `helm:${path}`);
export const elsewhere = (keys: Keys, to: string, why: string): Entry => entry(keys, 'elsewhere', why, to);
export const needless = (keys: Keys, why: string): Entry => entry(keys, 'not-needed', why);
export const impossible = (keys: Keys, instead: string): Entry => entry(keys, 'not-possible', instead);
export const secret = (keys: Keys, why: string): Entry => entry(keys, 'secret', why);

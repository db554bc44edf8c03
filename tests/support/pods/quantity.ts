import { ManifestError } from './fields.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of a quantity such as `128Mi`. */
export function bytesOf(value: unknown, at: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(String(value)) ?? [];
  const factor = UNITS[unit];
  if (amount === undefined || factor === undefined)
    throw new ManifestError(at, `'${String(value)}' is no amount of bytes`);
  return Number(amount) * factor;
}

/** Cores of a quantity such as `250m` or `2`. */
export function coresOf(value: unknown, at: string): number {
  const [, amount, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value)) ?? [];
  if (amount === undefined) throw new ManifestError(at, `'${String(value)}' is no amount of CPU`);
  return Number(amount) / (milli === 'm' ? 1000 : 1);
}

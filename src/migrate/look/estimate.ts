import type { SourceFacts } from './facts.ts';
import { MEASURED, type Rates } from './rates.ts';
import { totalsOf } from './route.ts';
import type { Estimate, Route, Span, Totals } from './types.ts';

const SLOTS = 16_384;
const NOTHING: Span = { low: 0, high: 0 };

/** How long a migration is likely to take. Spans, because the machine decides; see `MEASURED` for what they rest on. */
export function estimate(facts: SourceFacts, route: Route, rates: Rates = MEASURED): Estimate {
  const { datasetBytes, keys } = totalsOf(facts);
  const slotRate = route.atomicSlots ? rates.atomicSlotKeysPerSecond : rates.slotKeysPerSecond;
  // Replicas of all shards are filled at the same time, but share the machine.
  const replicas = route.newReplicas / Math.max(1, route.shards);
  return {
    copySeconds: copyOf({ datasetBytes, keys }, route.copies, rates),
    growSeconds: copyOf({ datasetBytes, keys }, replicas, rates),
    slotsSeconds: route.slots > 0 ? over((keys * route.slots) / SLOTS, slotRate) : NOTHING,
    pauseMs: route.switches > 0 ? rates.pauseMs : NOTHING,
  };
}

type Amount = Pick<Totals, 'datasetBytes' | 'keys'>;

function copyOf({ datasetBytes, keys }: Amount, times: number, rates: Rates): Span {
  if (times === 0) return NOTHING;
  const forBytes = over(datasetBytes * times, rates.copyBytesPerSecond);
  const forKeys = over(keys * times, rates.copyKeysPerSecond);
  const start = rates.copyStartSeconds;
  return { low: start.low + forBytes.low + forKeys.low, high: start.high + forBytes.high + forKeys.high };
}

const over = (amount: number, rate: Span): Span => ({ low: amount / rate.high, high: amount / rate.low });

/** `about 20-40 s`, `about 5 min`, `under 1 s`. */
export function inWords({ low, high }: Span): string {
  if (high < 1) return 'under 1 s';
  if (high < 120) return `about ${range(Math.max(1, Math.round(low)), Math.ceil(high))} s`;
  return `about ${range(Math.max(1, Math.round(low / 60)), Math.ceil(high / 60))} min`;
}

const range = (low: number, high: number): string => (low >= high ? String(high) : `${low}-${high}`);

import { connectRedis, type RedisEvent } from '../src/index.js';

/** The part of a counter and of a histogram that this uses; those of OpenTelemetry's metrics API have it. */
interface Meter {
  createCounter(name: string): { add(value: number, attributes: Record<string, string>): void };
  createHistogram(name: string): { record(value: number, attributes: Record<string, string>): void };
}

/** For OpenTelemetry: `connectRedis({ observe: toMeter(metrics.getMeter('redis-client')) })`. */
export function toMeter(meter: Meter): (event: RedisEvent) => void {
  const events = meter.createCounter('redis_client_events');
  const durations = meter.createHistogram('redis_client_duration_ms');
  return ({ name, what, ms }) => {
    events.add(1, { name, what });
    if (ms !== undefined) durations.record(ms, { name, what });
  };
}

/** For Prometheus, without any library: counts, and their text for `GET /metrics`. */
export function toPrometheus() {
  const counts = new Map<string, number>();
  return {
    observe: ({ name, what }: RedisEvent): void => {
      const labels = `name="${name}",what="${what}"`;
      counts.set(labels, (counts.get(labels) ?? 0) + 1);
    },
    text: (): string =>
      [...counts].map(([labels, count]) => `redis_client_events_total{${labels}} ${count}\n`).join(''),
  };
}

const prometheus = toPrometheus();
export const redis = await connectRedis({ observe: prometheus.observe });

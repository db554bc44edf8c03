import { compareLines } from './releases.ts';
import type { EngineName } from './types.ts';

/**
 * How long a release line gets fixes. Redis publishes dates at
 * https://redis.io/docs/latest/operate/oss_and_stack/install/version-mgmt/ and lists the lines that it fixes at
 * https://github.com/redis/redis/security/policy; Valkey at https://valkey.io/topics/releases/. Read on 2026-11-26.
 */
export interface Support {
  readonly line: string;
  /** The day on which security fixes end, as published; undefined where no day is. */
  readonly until: string | undefined;
  /** True where the policy no longer lists the line, whatever day was published. */
  readonly over: boolean;
}

const lasts = (line: string, until?: string): Support => ({ line, until, over: false });
const over = (line: string, until?: string): Support => ({ line, until, over: true });

const SUPPORT: Readonly<Record<EngineName, readonly Support[]>> = {
  redis: [
    lasts('6.2', '2027-04-01'),
    over('7.0'),
    lasts('7.2', '2029-12-01'),
    lasts('7.4', '2029-12-01'),
    // Two answers: a day of December 2026, and a policy that has no longer listed it since January. Its last release is of February.
    over('8.0', '2026-12-01'),
    lasts('8.2', '2030-09-01'),
    lasts('8.4'),
    lasts('8.6'),
    lasts('8.8'),
    lasts('8.10'),
  ],
  valkey: [
    lasts('7.2', '2029-04-16'),
    lasts('8.0', '2027-09-15'),
    lasts('8.1', '2030-03-31'),
    lasts('9.0', '2028-10-21'),
    lasts('9.1', '2031-05-19'),
  ],
};

/** Seconds since 1970 at which the tables of this file were last held against their sources. */
export const READ_AT_SECONDS = Date.UTC(2026, 10, 26) / 1000;

export const supportSource: Readonly<Record<EngineName, string>> = {
  redis: 'https://redis.io/docs/latest/operate/oss_and_stack/install/version-mgmt/',
  valkey: 'https://valkey.io/topics/releases/',
};

/** `8.0` of `8.0.2`. */
export const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** What is published about the line of a version; lines older than any in the table are over. */
export function supportOf(name: EngineName, version: string): Support | undefined {
  const line = lineOf(version);
  const known = SUPPORT[name].find((one) => one.line === line);
  if (known) return known;
  const [oldest] = SUPPORT[name];
  return oldest && compareLines(line, oldest.line) < 0 ? over(line) : undefined;
}

/** True when the line gets no fixes at that time. */
export function isOver(support: Support, atSeconds: number): boolean {
  return support.over || (daysLeft(support, atSeconds) ?? 1) <= 0;
}

/** Whole days until security fixes end; undefined where no day is published. */
export function daysLeft({ until }: Support, atSeconds: number): number | undefined {
  return until === undefined ? undefined : Math.ceil((Date.parse(until) / 1000 - atSeconds) / 86_400);
}

/** The nearest newer line that is still fixed, or the newest there is. */
export function lineToGoTo(name: EngineName, version: string, atSeconds: number): string {
  const line = lineOf(version);
  const fixed = SUPPORT[name].filter((one) => !isOver(one, atSeconds)).map((one) => one.line);
  return fixed.find((one) => compareLines(one, line) > 0) ?? fixed.at(-1) ?? line;
}

/** The newest line of which this tool knows whether it has support and holes. */
export const newestLine = (name: EngineName): string => SUPPORT[name].at(-1)?.line ?? '';

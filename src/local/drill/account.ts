import type { Promised } from './types.ts';

/** A write that was acknowledged; times in milliseconds of one clock. */
export interface Acknowledged {
  readonly key: string;
  readonly value: string;
  /** Which share of the data it belongs to. */
  readonly group: string;
  readonly at: number;
}

export interface Answer {
  readonly group: string;
  readonly at: number;
}

/** The longest time without an answer in any group, between `from` and `to`. */
export function longestGapMs(
  answers: readonly Answer[],
  groups: readonly string[],
  from: number,
  to: number,
): number {
  const gaps = groups.map((group) => {
    const times = answers.filter((answer) => answer.group === group).map(({ at }) => at);
    const marks = [from, ...times.filter((at) => at > from && at < to).sort((a, b) => a - b), to];
    return Math.max(...marks.slice(1).map((mark, i) => mark - (marks[i] ?? mark)));
  });
  return Math.round(Math.max(0, ...gaps));
}

/** The acknowledged writes that are not there as they were written, of those whose key could be read. */
export function lostOf(
  acknowledged: readonly Acknowledged[],
  present: ReadonlyMap<string, string | null>,
): readonly Acknowledged[] {
  return acknowledged.filter(({ key, value }) => present.has(key) && present.get(key) !== value);
}

export interface Findings {
  readonly lost: readonly Acknowledged[];
  /** Acknowledged writes whose key could not be read afterwards. */
  readonly unread: number;
  /** When the blow fell, and when what it took away was being given back. */
  readonly struckAt: number;
  readonly givenBackAt: number;
  readonly readyMs: number;
  readonly readyWithinMs: number | undefined;
  /** Keys that the servers dropped for want of room while the drill ran, of whomever. */
  readonly evicted: number;
}

/** What of the promise was broken; empty where it was kept. */
export function broken(promised: Promised, found: Findings): readonly string[] {
  const { readyMs, readyWithinMs, unread } = found;
  const late =
    readyWithinMs !== undefined && readyMs > readyWithinMs
      ? [`ready after ${seconds(readyMs)}, promised within ${seconds(readyWithinMs)}`]
      : [];
  const unknown = unread > 0 ? [`${writes(unread)} could not be read back`] : [];
  return [...brokenLoss(promised, found), ...unknown, ...late];
}

/** Answers that were on their way when the blow fell. */
const ON_THEIR_WAY_MS = 1000;

function brokenLoss(promised: Promised, found: Findings): readonly string[] {
  const { lost, struckAt, givenBackAt, readyMs, evicted } = found;
  if (promised.loses === 'anything' || lost.length === 0) return [];
  // What the servers dropped themselves cannot be told from what a failover lost.
  if (evicted >= lost.length) return [];
  if (promised.loses === 'nothing') return [`${writes(lost.length)} lost, promised none`];
  const early = lost.filter(({ at }) => struckAt - at > promised.withinMs);
  const isOfReturn = (at: number): boolean =>
    promised.atReturn && at >= givenBackAt && at <= givenBackAt + readyMs;
  const later = lost.filter(({ at }) => at - struckAt > ON_THEIR_WAY_MS && !isOfReturn(at));
  const say = ({ length }: readonly Acknowledged[], when: string) =>
    length === 0 ? [] : [`${writes(length)} lost that ${length === 1 ? 'was' : 'were'} acknowledged ${when}`];
  return [
    ...say(early, `more than ${seconds(promised.withinMs)} before the blow`),
    ...say(later, 'after it, when another primary had to answer'),
  ];
}

/** What to know about the figures besides the verdict. */
export function remarks(found: Findings, givenUp: number, refusal: string | undefined): readonly string[] {
  const { lost, evicted } = found;
  const unsure = lost.length > 0 && evicted > 0;
  return [
    ...(unsure
      ? [
          `the servers evicted ${evicted} keys meanwhile, so that ${writes(lost.length)} missing may not be lost by the failure`,
        ]
      : []),
    ...(givenUp > 0
      ? [`${writes(givenUp)} never acknowledged${refusal === undefined ? '' : ` (${refusal})`}`]
      : []),
  ];
}

/** How long before the blow the earliest lost write was acknowledged. */
export function oldestLostMs(lost: readonly Acknowledged[], struckAt: number): number | undefined {
  return lost.length === 0 ? undefined : Math.round(Math.max(...lost.map(({ at }) => struckAt - at)));
}

const writes = (count: number): string => (count === 1 ? '1 write' : `${count} writes`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

import type { Account, Failure, Gap } from './types.ts';

const GAPS_TOLD = 5;

/** Notes of what a writer has seen. Times in ms since the epoch, with fractions. */
export class Notes {
  readonly #acknowledgedAt: number[] = [];
  readonly #tookMs: number[] = [];
  readonly #failures = new Map<string, { count: number; firstAt: number; lastAt: number }>();
  #slowest: Gap = { at: 0, ms: 0 };
  failed = 0;
  unsure = 0;
  unanswered = 0;

  get acknowledged(): number {
    return this.#acknowledgedAt.length;
  }

  acknowledge(dueAt: number, at: number): void {
    this.#acknowledgedAt.push(at);
    this.#tookMs.push(at - dueAt);
    this.#see(dueAt, at);
  }

  /** A call that was never answered: its wait counts as that of any other. */
  giveUp(dueAt: number, at: number): void {
    this.unanswered++;
    this.#see(dueAt, at);
  }

  fail(error: unknown, at: number): void {
    this.failed++;
    this.note(error, at);
  }

  note(error: unknown, at: number): void {
    const text = textOf(error);
    const known = this.#failures.get(text) ?? { count: 0, firstAt: at, lastAt: at };
    this.#failures.set(text, { ...known, count: known.count + 1, lastAt: at });
  }

  account(): Account {
    const at = [...this.#acknowledgedAt].sort((a, b) => a - b);
    const took = [...this.#tookMs].sort((a, b) => a - b);
    const share = (part: number): number => round(took[Math.floor(took.length * part)] ?? 0);
    return {
      acknowledged: at.length,
      failed: this.failed,
      unsure: this.unsure,
      unanswered: this.unanswered,
      seconds: round(((at.at(-1) ?? 0) - (at[0] ?? 0)) / 1000),
      gaps: longestGaps(at),
      slowest: { at: Math.round(this.#slowest.at), ms: round(this.#slowest.ms) },
      latencyMs: { p50: share(0.5), p99: share(0.99), p999: share(0.999) },
      failures: [...this.#failures].map(([text, rest]): Failure => ({ text, ...rest })),
    };
  }

  #see(dueAt: number, at: number): void {
    if (at - dueAt > this.#slowest.ms) this.#slowest = { at: dueAt, ms: at - dueAt };
  }
}

/** Of moments in order, the longest times between two of them. */
export function longestGaps(moments: readonly number[]): readonly Gap[] {
  return moments
    .slice(1)
    .map((moment, i): Gap => ({ at: moments[i] ?? moment, ms: moment - (moments[i] ?? moment) }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, GAPS_TOLD)
    .map(({ at, ms }) => ({ at: Math.round(at), ms: round(ms) }));
}

/** The same text for the same kind of error: slots, ports and keys tell them apart for nobody. */
function textOf(error: unknown): string {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return words.replace(/\d+/g, 'N').slice(0, 120);
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

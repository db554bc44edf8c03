import type { Facts, Info } from '../facts.ts';
import { sum } from './subject.ts';

/** One command over all nodes. */
export interface CommandLoad {
  readonly name: string;
  readonly calls: number;
  /** During the look; undefined where no node tells. */
  readonly perSecond: number | undefined;
  readonly usec: number;
  /** Part of the time that servers spent on commands, 0 to 1. */
  readonly timeShare: number;
  /** Of the slowest node, in microseconds; empty where the server does not keep them. */
  readonly percentiles: readonly { readonly percentile: number; readonly usec: number }[];
}

/** Those that took most time first. */
export function commandLoads({ nodes }: Facts): readonly CommandLoad[] {
  const all = nodes.flatMap(({ commands, info }) =>
    (commands ?? []).map((command) => ({ ...command, percentiles: percentilesOf(info, command) })),
  );
  const total = sum(all.map(({ usec }) => usec));
  return [...new Set(all.map(({ name }) => name))]
    .map((name): CommandLoad => {
      const parts = all.filter((one) => one.name === name);
      const rates = parts.flatMap(({ perSecond }) => perSecond ?? []);
      const usec = sum(parts.map((part) => part.usec));
      return {
        name,
        calls: sum(parts.map(({ calls }) => calls)),
        perSecond: rates.length === 0 ? undefined : sum(rates),
        usec,
        timeShare: total === 0 ? 0 : usec / total,
        percentiles: worstOf(parts.flatMap(({ percentiles }) => percentiles)),
      };
    })
    .sort((a, b) => b.usec - a.usec || (a.name < b.name ? -1 : 1));
}

type Percentile = CommandLoad['percentiles'][number];

/** `p50=1.003,p99=4.015,p99.9=12.031` of INFO latencystats; else what the facts hold. */
function percentilesOf(
  info: Info | undefined,
  { name, p99Usec }: { readonly name: string; readonly p99Usec: number | undefined },
): readonly Percentile[] {
  const text = info?.[`latency_percentiles_usec_${name}`];
  if (text === undefined) return p99Usec === undefined ? [] : [{ percentile: 99, usec: p99Usec }];
  return [...text.matchAll(/p([\d.]+)=([\d.]+)/g)].map(([, percentile, usec]) => ({
    percentile: Number(percentile),
    usec: Number(usec),
  }));
}

function worstOf(all: readonly Percentile[]): readonly Percentile[] {
  const worst = new Map<number, number>();
  for (const { percentile, usec } of all) worst.set(percentile, Math.max(usec, worst.get(percentile) ?? 0));
  return [...worst]
    .map(([percentile, usec]) => ({ percentile, usec }))
    .sort((a, b) => a.percentile - b.percentile);
}

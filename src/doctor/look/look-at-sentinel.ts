import type { SentinelFacts } from '../facts.ts';
import type { Discovery, Met } from './discover.ts';
import { softwareOf } from './read-info.ts';
import { addressOf, type SentinelView } from './sentinel-view.ts';

/** One entry a primary that it watches; addresses are those of the nodes in the facts. */
export function sentinelFacts(met: Met, tls: boolean, known: Discovery['known']): readonly SentinelFacts[] {
  return met.views.map((view) => factsOf(met, view, { tls, known }));
}

interface Looking {
  readonly tls: boolean;
  readonly known: Discovery['known'];
}

function factsOf(
  met: Met,
  { primary, replicas, others, quorumOk }: SentinelView,
  { tls, known }: Looking,
): SentinelFacts {
  const { at, name, info, hello } = met;
  return {
    at,
    name,
    tls,
    open: met.isOpen,
    software: softwareOf(info, hello),
    primaryName: primary.name ?? '',
    primary: known(addressOf(primary)),
    flags: flagsOf(primary),
    quorum: Number(primary.quorum ?? 0),
    quorumOk,
    downAfterMs: Number(primary['down-after-milliseconds'] ?? 0),
    replicas: replicas.map((one) => ({ at: known(addressOf(one)), flags: flagsOf(one) })),
    others: others.map((one) => ({
      at: known(addressOf(one)),
      flags: flagsOf(one),
      lastOkMs: Number(one['last-ok-ping-reply'] ?? 0),
    })),
  };
}

const flagsOf = ({ flags = '' }: Readonly<Record<string, string>>): readonly string[] =>
  flags.split(',').filter(Boolean);

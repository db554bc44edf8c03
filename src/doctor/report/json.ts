import type { Severity } from '../../problem.ts';
import { place } from '../../redis/ask.ts';
import type { NodeFacts, SentinelFacts } from '../facts.ts';
import { bytesOf, number, setting } from '../read-facts.ts';
import type { Answer, Diagnosis, Fix, Group } from '../types.ts';
import { SEVERITIES } from './entries.ts';
import { memoryByPrefix, memoryByType, type Share } from './memory.ts';
import {
  aclLineOf,
  askedOf,
  isClustered,
  keysOfNode,
  releasesOf,
  type Sampled,
  sampledOf,
  topologyOf,
  unseenOf,
} from './subject.ts';

/**
 * What `doctor --json` prints. Public: names stay, new ones may come.
 * Sizes are bytes, times say their unit, and what could not be seen is left out or `null`.
 */
export interface Report {
  readonly version: 1;
  /** What was asked: an address without its password, or a folder. */
  readonly asked: string;
  /** `spec`: nothing was asked, these are the decisions of a spec. */
  readonly source: 'servers' | 'spec';
  /** When it was looked, in ISO 8601. */
  readonly at: string;
  readonly topology: { readonly title: string; readonly cluster: boolean };
  readonly releases: readonly string[];
  readonly counts: Readonly<Record<Severity, number>>;
  /** Worst first. */
  readonly findings: readonly ReportedFinding[];
  readonly checklist: readonly Answer[];
  readonly nodes: readonly ReportedNode[];
  readonly sentinels: readonly ReportedSentinel[];
  /** Keys that were looked at; null where none was. */
  readonly sample:
    | (Sampled & { readonly byPrefix: readonly Share[]; readonly byType: readonly Share[] })
    | null;
  /** What servers would not say, each once, with the nodes and the first one's own words. */
  readonly unseen: readonly { readonly what: string; readonly why: string; readonly at: readonly string[] }[];
  /** The ACL line that would show it. */
  readonly allow: string | null;
  /** Known nodes that did not answer. */
  readonly silent: readonly { readonly at: string; readonly why: string }[];
  readonly commandsSent: number;
}

export interface ReportedFinding {
  readonly id: string;
  readonly group: Group;
  readonly severity: Severity;
  readonly at: string;
  readonly message: string;
  readonly evidence: readonly string[];
  readonly remedy: string;
  readonly fixes: readonly Fix[];
  /** What the change would free, with half the width of the 95 % interval. */
  readonly saves?: { readonly bytes: number; readonly plusMinus: number };
}

export interface ReportedNode {
  readonly name: string;
  /** `host:port` that was asked. */
  readonly at: string;
  readonly role: 'primary' | 'replica' | null;
  readonly software: string | null;
  readonly version: string | null;
  readonly tls: boolean;
  readonly keys: number | null;
  readonly usedBytes: number | null;
  readonly maxmemoryBytes: number | null;
  readonly uptimeSeconds: number | null;
}

export interface ReportedSentinel {
  readonly name: string;
  readonly at: string;
  readonly watches: string;
  readonly primary: string;
  readonly quorum: number;
  readonly quorumOk: boolean | null;
}

function reportOf({ facts, findings, checklist }: Diagnosis): Report {
  const sampled = sampledOf(facts);
  return {
    version: 1,
    asked: askedOf(facts),
    source: facts.source,
    at: new Date(facts.atSeconds * 1000).toISOString(),
    topology: { title: topologyOf(facts), cluster: isClustered(facts) },
    releases: releasesOf(facts),
    counts: counts(findings),
    findings: findings.map(({ id, group, severity, at, message, evidence, remedy, fixes, saves }) => ({
      ...{ id, group, severity, at, message, evidence, remedy, fixes },
      ...(saves ? { saves } : {}),
    })),
    checklist: checklist.map(({ id, question, answer, evidence }) => ({ id, question, answer, evidence })),
    nodes: facts.nodes.map(reportedNode),
    sentinels: facts.sentinels.map(reportedSentinel),
    sample: sampled ? { ...sampled, byPrefix: memoryByPrefix(facts), byType: memoryByType(facts) } : null,
    unseen: unseenOf(facts),
    allow: aclLineOf(facts) ?? null,
    silent: facts.silent,
    commandsSent: facts.commandsSent,
  };
}

/** The report as text. */
export const toJson = (diagnosis: Diagnosis): string => `${JSON.stringify(reportOf(diagnosis), null, 2)}\n`;

const counts = (findings: Diagnosis['findings']): Report['counts'] =>
  Object.fromEntries(
    SEVERITIES.map((severity) => [severity, findings.filter((one) => one.severity === severity).length]),
  ) as Report['counts'];

function reportedNode(node: NodeFacts): ReportedNode {
  const { name, at, role, software, tls, info } = node;
  return {
    name,
    at: place(at),
    role: role ?? null,
    software: software?.title ?? null,
    version: software?.version ?? null,
    tls,
    keys: info ? keysOfNode(node) : null,
    usedBytes: number(info, 'used_memory') ?? null,
    maxmemoryBytes: bytesOf(setting(node, 'maxmemory')) ?? null,
    uptimeSeconds: number(info, 'uptime_in_seconds') ?? null,
  };
}

function reportedSentinel({
  name,
  at,
  primaryName,
  primary,
  quorum,
  quorumOk,
}: SentinelFacts): ReportedSentinel {
  return {
    name,
    at: place(at),
    watches: primaryName,
    primary: place(primary),
    quorum,
    quorumOk: quorumOk ?? null,
  };
}

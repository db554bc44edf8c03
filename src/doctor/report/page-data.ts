import { humanBytes } from '../../model/bytes.ts';
import type { Severity } from '../../problem.ts';
import { VERSION } from '../../version.ts';
import { visible } from '../../visible.ts';
import type { Facts, NodeFacts, SlowCommand } from '../facts.ts';
import { bytesOf, number, setting } from '../read-facts.ts';
import type { Diagnosis, Fix, Rule } from '../types.ts';
import { commandLoads } from './commands.ts';
import { countsOf, type Entry, entriesOf, SEVERITIES } from './entries.ts';
import { memoryByPrefix, memoryByType, type Share } from './memory.ts';
import { type Member, shardsOf } from './shards.ts';
import {
  aclLineOf,
  askedOf,
  howLooked,
  isClustered,
  keysOf,
  keysOfNode,
  perSecondOf,
  releasesOf,
  sampledNodes,
  sampledOf,
  topologyOf,
  unseenOf,
  usedBytesOf,
} from './subject.ts';

/** Rows of a table; the others are added up in its last row. */
const MOST_ROWS = 20;
const SLOTS = 16384;

/** What the page is drawn from: numbers and texts, nothing of HTML. */
export type PageData = ReturnType<typeof pageData>;

export function pageData(diagnosis: Diagnosis, rules: readonly Rule[]) {
  const { facts, findings, checklist } = diagnosis;
  return deeplyVisible({
    version: VERSION,
    asked: askedOf(facts),
    at: new Date(facts.atSeconds * 1000).toISOString(),
    what: [topologyOf(facts), ...releasesOf(facts)].join(', '),
    how: howLooked(facts),
    planned: facts.source === 'spec',
    verdict: { worst: findings[0]?.severity ?? 'none', text: countsOf(findings) },
    counts: SEVERITIES.map((severity) => ({ severity, count: countOf(diagnosis, severity) })),
    tiles: tilesOf(facts),
    topology: topology(facts),
    checklist,
    entries: entriesOf(diagnosis, rules).map(entryOf),
    nodes: facts.nodes.flatMap(memoryOfNode),
    sample: sampledOf(facts),
    prefixes: firstRows(memoryByPrefix(facts)),
    types: memoryByType(facts),
    largest: largest(facts),
    commands: commandLoads(facts).slice(0, MOST_ROWS),
    moreCommands: Math.max(0, commandLoads(facts).length - MOST_ROWS),
    slow: slowest(facts),
    events: facts.nodes.flatMap(({ name, latency }) => (latency ?? []).map((one) => ({ at: name, ...one }))),
    unseen: unseenOf(facts),
    allow: aclLineOf(facts),
    silent: facts.silent,
  });
}

const countOf = ({ findings }: Diagnosis, severity: Severity): number =>
  findings.filter((one) => one.severity === severity).length;

function tilesOf(facts: Facts) {
  const [keys, used, rate] = [keysOf(facts), usedBytesOf(facts), perSecondOf(facts)];
  const tile = (label: string, value: string | undefined) => (value === undefined ? [] : [{ label, value }]);
  return [
    ...tile('nodes', facts.nodes.length.toLocaleString('en')),
    ...tile('keys', keys?.toLocaleString('en')),
    ...tile('memory used by primaries', used === undefined ? undefined : humanBytes(used)),
    ...tile('commands a second', rate === undefined ? undefined : Math.round(rate).toLocaleString('en')),
  ];
}

function topology(facts: Facts) {
  const clustered = isClustered(facts);
  return {
    shards: shardsOf(facts).map(({ primary, replicas, slots }, i) => ({
      title: clustered && primary ? shardTitle(i, slots) : '',
      slotShare: slots === undefined ? undefined : slots / SLOTS,
      primary: primary && boxOf(facts, primary),
      replicas: replicas.map((one) => boxOf(facts, one)),
    })),
    sentinels: facts.sentinels.map(({ name, primaryName, quorum, quorumOk, flags }) => ({
      name,
      lines: [`quorum ${quorum}`, `watches ${primaryName}`],
      state: quorumOk === false || flags.some((flag) => /_down$/.test(flag)) ? 'doubtful' : 'up',
    })),
  };
}

const shardTitle = (i: number, slots: number | undefined): string =>
  slots === undefined ? `Shard ${i + 1}` : `Shard ${i + 1}: ${slots.toLocaleString('en')} slots`;

function boxOf({ source }: Facts, { name, role, node, state }: Member) {
  const unlinked = node?.info?.master_link_status === 'down';
  return {
    name,
    role: role ?? 'unknown role',
    state: source === 'spec' ? 'planned' : unlinked ? 'doubtful' : state,
    link: unlinked || state === 'down' ? 'down' : 'up',
    trouble: unlinked ? 'link down' : undefined,
    lines: node ? linesOf(node) : ['no answer'],
  };
}

function linesOf(node: NodeFacts): readonly string[] {
  const { software, info } = node;
  const used = number(info, 'used_memory');
  return [
    ...(software ? [`${software.title} ${software.version}`] : []),
    ...(used === undefined ? [] : [`${humanBytes(used)}, ${keysOfNode(node).toLocaleString('en')} keys`]),
  ];
}

function memoryOfNode(node: NodeFacts) {
  const { name, info, machine } = node;
  const used = number(info, 'used_memory');
  if (used === undefined) return [];
  const overhead = number(info, 'used_memory_overhead') ?? 0;
  return [
    {
      name,
      usedBytes: used,
      datasetBytes: Math.max(0, used - overhead),
      peakBytes: number(info, 'used_memory_peak'),
      rssBytes: number(info, 'used_memory_rss'),
      maxmemoryBytes: bytesOf(setting(node, 'maxmemory')) || undefined,
      policy: setting(node, 'maxmemory-policy'),
      limitBytes: machine?.limitBytes,
    },
  ];
}

function firstRows(shares: readonly Share[]) {
  const rest = shares.slice(MOST_ROWS);
  const total = (of: (share: Share) => number) => rest.reduce((sum, share) => sum + of(share), 0);
  return {
    rows: shares.slice(0, MOST_ROWS),
    rest:
      rest.length === 0
        ? undefined
        : { count: rest.length, keys: total((s) => s.keys), bytes: total((s) => s.bytes) },
  };
}

const largest = (facts: Facts) =>
  sampledNodes(facts)
    .flatMap(({ name, keys }) => keys.largest.map((key) => ({ node: name, ...key })))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 10);

const slowest = ({ nodes }: Facts) =>
  nodes
    .flatMap(({ name, slow }) => (slow ?? []).map((one: SlowCommand) => ({ at: name, ...one })))
    .sort((a, b) => b.usec - a.usec)
    .slice(0, 10);

function entryOf({ id, group, severity, rule, findings }: Entry) {
  return {
    id,
    group,
    severity,
    title: rule?.title ?? id,
    why: rule?.why,
    fix: rule?.fix,
    sources: rule?.sources ?? [],
    findings: findings.map((one) => ({
      severity: one.severity,
      at: one.at,
      message: one.message,
      evidence: one.evidence,
      remedy: one.remedy,
      saves: one.saves,
      fixes: one.fixes.map(fixOf),
    })),
  };
}

const fixOf = (fix: Fix) =>
  fix.kind === 'spec'
    ? { where: 'redis-stack.yaml', text: `${fix.path}: ${fix.value}`, effect: fix.effect, live: false }
    : { where: fix.at, text: fix.words.map(quoted).join(' '), effect: fix.effect, live: fix.live };

/** As `redis-cli` takes words. */
function quoted(word: string): string {
  return /^[\w.:*+@~&|%/<>=,{}()[\]-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
}

/** Names of keys and the like must not reorder or hide the text around them. */
function deeplyVisible<T>(value: T): T {
  if (typeof value === 'string') return visible(value) as T;
  if (Array.isArray(value)) return value.map(deeplyVisible) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, deeplyVisible(one)])) as T;
}

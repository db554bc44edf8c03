import { humanBytes } from '../../../model/bytes.ts';
import { countKeys } from '../../../redis/replies.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { number, primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many } from '../../words.ts';
import { clusterView, myself, servingPrimaries } from './members.ts';

const SLOTS = 16_384;
/** Of an equal share. */
const SLOTS_OFF = 1.25;
const LOAD_OFF = 1.5;
/** Of commands: they come and go, and were counted for seconds. */
const TRAFFIC_OFF = 2;
/** Below these, chance decides. */
const LEAST_KEYS = 10_000;
const LEAST_BYTES = 64 << 20;
const LEAST_PER_SECOND = 2000;

export const slotsUnbalanced: Rule = {
  id: 'slots-unbalanced',
  group: 'topology',
  severity: 'warning',
  title: 'Shards with unequal shares',
  looksAt: [
    'CLUSTER NODES slots',
    'INFO db<n>: keys',
    'INFO used_memory, used_memory_startup',
    'total_commands_processed, twice',
  ],
  why: 'The fullest shard decides when the cluster is full, and the busiest how fast it is; what the others have to spare is paid for and not used.',
  fix: 'Unequal slots: `redis-cli --cluster rebalance`. Unequal keys in equal slots: a hash tag (`{...}`) that puts too much in one slot, or a few very large keys. Unequal commands for equal keys: a few keys that everybody asks for.',
  sources: ['https://valkey.io/topics/cluster-tutorial', 'https://valkey.io/topics/cluster-spec'],
  find: (facts) => {
    const bySlots = slots(facts);
    // Unequal slots are the reason of unequal loads.
    const loads = [keys, bytes, commands].flatMap((one) => load(facts, one));
    return bySlots.length > 0 ? bySlots : loads.slice(0, 1);
  },
};

function slots(facts: Facts): readonly Found[] {
  const view = clusterView(facts);
  const serving = servingPrimaries(view?.cluster);
  const empty = (view?.cluster.nodes ?? []).filter(
    ({ flags, slots: n }) => flags.includes('master') && !flags.includes('fail') && n === 0,
  );
  if (!view || serving.length === 0) return [];
  const fair = SLOTS / (serving.length + empty.length);
  const most = Math.max(...serving.map((one) => one.slots));
  const least = Math.min(...[...serving, ...empty].map((one) => one.slots));
  if (most <= fair * SLOTS_OFF && least >= fair / SLOTS_OFF) return [];
  const idle =
    empty.length > 0
      ? ` ${many(empty.length, 'node')} with the role of a primary ${empty.length === 1 ? 'serves' : 'serve'} none.`
      : '';
  return [
    {
      at: facts.asked,
      message: `Primaries serve between ${least} and ${most} slots; an equal share is ${Math.round(fair)}.${idle}`,
      evidence: [...serving, ...empty].map(({ id, slots: n }) => `${id}: slots=${n}`),
      remedy: `\`redis-cli --cluster rebalance ${view.node.at.host}:${view.node.at.port}${idle ? ' --cluster-use-empty-masters' : ''}\` moves slots while the cluster serves.`,
    },
  ];
}

/** What shards may have unequal shares of. */
interface Measure {
  /** NaN where it is not known. */
  readonly of: (node: NodeFacts) => number;
  readonly least: number;
  /** How many times the mean is too much. */
  readonly off: number;
  readonly verb: string;
  readonly show: (value: number) => string;
  readonly evidence: (node: NodeFacts) => string;
  readonly reason: string;
  readonly remedy: string;
  readonly severity?: 'note';
}

const OF_KEYS =
  'Look for a hash tag that many keys have in common, and for very large keys: give the tag more values, or split the keys.';

const keys: Measure = {
  of: ({ info }) => countKeys(info ?? {}),
  least: LEAST_KEYS,
  off: LOAD_OFF,
  verb: 'holds',
  show: (value) => `${value} keys`,
  evidence: ({ name, info }) => `${name}: db0:keys=${countKeys(info ?? {})}`,
  reason: 'The slots are shared equally, so the names of keys are the reason.',
  remedy: OF_KEYS,
};

const bytes: Measure = {
  of: ({ info }) =>
    Math.max(0, (number(info, 'used_memory') ?? Number.NaN) - (number(info, 'used_memory_startup') ?? 0)),
  least: LEAST_BYTES,
  off: LOAD_OFF,
  verb: 'holds',
  show: humanBytes,
  evidence: ({ name, info }) => `${name}: used_memory:${info?.used_memory}`,
  reason: 'The slots are shared equally, so the sizes of keys are the reason.',
  remedy: OF_KEYS,
};

const commands: Measure = {
  of: ({ perSecond }) => perSecond?.total_commands_processed ?? Number.NaN,
  least: LEAST_PER_SECOND,
  off: TRAFFIC_OFF,
  verb: 'answers',
  show: (value) => `${count(value)} commands a second`,
  evidence: ({ name, perSecond }) =>
    `${name}: total_commands_processed grows by ${count(perSecond?.total_commands_processed ?? 0)} a second`,
  reason: 'Slots, keys and memory are shared equally, so a few keys are asked for most.',
  remedy:
    'See which: `CLUSTER SLOT-STATS ORDERBY CPU-USEC LIMIT 5 DESC` (Redis 8.2, Valkey 8.0; with cluster-slot-stats-enabled yes) names the slots. Keep copies of such keys in the processes, read them from replicas, or write them under several names.',
  severity: 'note',
};

function load(facts: Facts, measure: Measure): readonly Found[] {
  const { of, least, off, show, evidence, severity } = measure;
  const nodes = primaries(facts).filter((node) => (myself(node)?.slots ?? 0) > 0);
  const values = nodes.map((node) => ({ node, value: of(node) })).sort((a, b) => b.value - a.value);
  const [most] = values;
  const last = values.at(-1);
  const mean = values.reduce((sum, { value }) => sum + value, 0) / values.length;
  if (!most || !last || values.length < 2 || Number.isNaN(mean)) return [];
  if (most.value < least || most.value < mean * off) return [];
  return [
    {
      ...(severity && { severity }),
      at: most.node.name,
      message: `It ${measure.verb} ${show(most.value)}, ${(most.value / mean).toFixed(1)} times the mean of all shards; ${last.node.name} ${measure.verb} ${show(last.value)}. ${measure.reason}`,
      evidence: values.map(({ node }) => evidence(node)),
      remedy: measure.remedy,
    },
  ];
}

import type { Facts, NodeFacts } from '../../facts.ts';
import { number, primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';
import { type Sampled, sampled } from './sampled.ts';

/** Of 255: at the default lfu-log-factor of 10 it takes about 30 accesses a second to stay here. */
const HOT = 200;
/** Where the ordinary ones among the most used are as hot, it is the traffic, not a key. */
const STANDS_OUT = 0.5;
const MOST_SHOWN = 5;
const START = 5;

/** A shard works for many, or its share says nothing. */
const BUSY_PER_SECOND = 1000;
const TWICE = 2;

export const hotKeys: Rule = {
  id: 'hot-keys',
  group: 'keys',
  severity: 'warning',
  title: 'Hot keys, or a shard that does most of the work',
  looksAt: [
    'OBJECT FREQ (under an LFU policy)',
    'lfu-log-factor',
    'lfu-decay-time',
    'total_commands_processed of each shard',
    'CLUSTER NODES',
  ],
  why: 'A key is served by one node, and a command by one thread. What many ask of one key cannot be spread by adding nodes.',
  fix: 'Keep a copy in the memory of each process for a short time, spread the key over several names, or read from replicas.',
  sources: [
    'https://www.alibabacloud.com/help/en/redis/user-guide/identify-and-handle-large-keys-and-hotkeys',
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://redis.io/docs/latest/commands/object-freq/',
  ],
  find: (facts) => [...sampled(facts).flatMap(hot), ...busyShard(facts)],
};

function hot({ node, keys }: Sampled): readonly Found[] {
  const used = [...(keys.hot ?? [])].sort((a, b) => b.frequency - a.frequency);
  const ordinary = used[Math.floor(used.length / 2)]?.frequency ?? 0;
  const tops = used.filter(
    ({ frequency }) => frequency >= HOT && (used.length === 1 || ordinary <= frequency * STANDS_OUT),
  );
  return tops.slice(0, MOST_SHOWN).map(({ key, frequency }) => ({
    severity: 'note',
    at: key,
    message: `Its access counter is at ${frequency} of 255 on ${node.name}${rate(node, frequency)}; the key in the middle of the most used is at ${ordinary}.`,
    evidence: [`OBJECT FREQ "${key}": ${frequency}`, `lfu-log-factor:${factor(node)}`],
    remedy:
      'Keep it in the memory of each process for a second or more, or spread it over several names of which readers pick one.',
  }));
}

const factor = ({ settings }: NodeFacts): number => number(settings, 'lfu-log-factor') ?? 10;

/** The counter falls by one every lfu-decay-time minutes, and rises with one access in `(counter - 5) × factor + 1`. */
function rate(node: NodeFacts, frequency: number): string {
  const minutes = number(node.settings, 'lfu-decay-time') ?? 1;
  if (minutes === 0) return '';
  const perSecond = ((frequency - START) * factor(node) + 1) / (minutes * 60);
  return `, which takes ${count(perSecond)} accesses a second or more to keep up`;
}

function busyShard(facts: Facts): readonly Found[] {
  const shards = primaries(facts).flatMap((node) => {
    const perSecond = node.perSecond?.total_commands_processed;
    return node.cluster === undefined || perSecond === undefined ? [] : [{ node, perSecond }];
  });
  const total = shards.reduce((sum, { perSecond }) => sum + perSecond, 0);
  if (shards.length < 2) return [];
  return shards.flatMap(({ node, perSecond }) => {
    const others = (total - perSecond) / (shards.length - 1);
    if (perSecond < BUSY_PER_SECOND || perSecond < others * TWICE || isWide(node, shards.length)) return [];
    return [
      {
        at: node.name,
        message: `This shard does ${percent(perSecond / total)} of the work of ${shards.length}: ${count(perSecond)} commands a second against ${count(others)} on the others.`,
        evidence: shards.map((one) => `${one.node.name}: ${Math.round(one.perSecond)} commands a second`),
        remedy:
          'Look for a hot key or a hash tag that many keys share (`{...}`); keep hot values in the memory of processes, and use narrower tags.',
      },
    ];
  });
}

/** It has far more slots than its share, which is another finding. */
function isWide(node: NodeFacts, shards: number): boolean {
  const own = node.cluster?.nodes.find(({ flags }) => flags.includes('myself'))?.slots;
  return own !== undefined && own > (16_384 / shards) * 1.5;
}

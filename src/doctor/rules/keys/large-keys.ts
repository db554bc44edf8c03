import { humanBytes } from '../../../model/bytes.ts';
import type { BigKey } from '../../facts.ts';
import { partOfMemory } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many, percent } from '../../words.ts';
import { inDb, type Sampled, sampled } from './sampled.ts';

/** Where walking a whole one takes milliseconds; a stream is read by ranges, whatever its length. */
const LARGE: Readonly<Record<string, number>> = {
  hash: 10_000,
  set: 10_000,
  zset: 10_000,
  list: 10_000,
  stream: 100_000,
};
const LARGE_BYTES = 50 * 2 ** 20;
/** Where deleting, expiring, copying or moving one stalls a server. */
const HUGE_ELEMENTS = 1_000_000;
const HUGE_BYTES = 100 * 2 ** 20;
const MUCH_OF_MEMORY = 0.2;
const MUCH_FROM_BYTES = 32 * 2 ** 20;

export const largeKeys: Rule = {
  id: 'large-keys',
  group: 'keys',
  severity: 'warning',
  title: 'Large collections under one key',
  looksAt: [
    'SCAN, TYPE, MEMORY USAGE, HLEN, LLEN, SCARD, ZCARD, XLEN',
    'INFO keysizes',
    'used_memory_dataset',
  ],
  why: 'A key lives on one node and is freed, copied and moved as a whole. Commands that walk it, a DEL, the end of its TTL and the migration of its slot take longer with every element.',
  fix: 'Split it by a part of the name (a day, a hash of the id), bound its length, and remove it with UNLINK.',
  sources: [
    'https://www.alibabacloud.com/help/en/redis/user-guide/identify-and-handle-large-keys-and-hotkeys',
    'https://support.huaweicloud.com/en-us/dcs_faq/dcs-faq-0521005.html',
    'https://redis.io/docs/latest/commands/unlink/',
  ],
  find: (facts) => sampled(facts).flatMap((one) => [...huge(one), ...large(one), ...notMet(one)]),
};

const isCollection = ({ type }: BigKey): boolean => LARGE[type] !== undefined;

const isHuge = (node: Sampled['node'], { bytes, elements }: BigKey): boolean =>
  elements >= HUGE_ELEMENTS || bytes >= HUGE_BYTES || shareOf(node, bytes) >= MUCH_OF_MEMORY;

function shareOf(node: Sampled['node'], bytes: number): number {
  const all = partOfMemory(node.info, 'used_memory_dataset') ?? 0;
  return all === 0 || bytes < MUCH_FROM_BYTES ? 0 : bytes / all;
}

function huge({ node, keys }: Sampled): readonly Found[] {
  return keys.largest
    .filter((key) => isCollection(key) && isHuge(node, key))
    .map((key) => {
      const share = shareOf(node, key.bytes);
      return {
        at: key.key,
        message: `It is ${words(key)}${inDb(key.db)} on ${node.name}${share >= 0.01 ? `, ${percent(share)} of all data there` : ''}.`,
        evidence: [evidenceOf(key)],
        remedy: `${remedy(key)} Remove it with UNLINK, never with DEL.`,
      };
    });
}

function large({ node, keys }: Sampled): readonly Found[] {
  const found = keys.largest.filter(
    (key) =>
      isCollection(key) &&
      !isHuge(node, key) &&
      (key.elements >= (LARGE[key.type] ?? 0) || key.bytes >= LARGE_BYTES),
  );
  const [first] = found;
  if (first === undefined) return [];
  return [
    {
      severity: 'note',
      at: found.length === 1 ? first.key : node.name,
      message:
        found.length === 1
          ? `It is ${words(first)}${inDb(first.db)} on ${node.name}.`
          : `${found.length} of the keys that were met are large; the largest, "${first.key}", is ${words(first)}.`,
      evidence: found.slice(0, 5).map(evidenceOf),
      remedy: `${remedy(first)} Remove such keys with UNLINK.`,
    },
  ];
}

/** INFO keysizes counts in powers of two: this is the first step above `HUGE_ELEMENTS`. */
const HUGE_STEP = 2 ** 20;

/** INFO keysizes counts all keys; the sample may have missed the few that matter. */
function notMet({ node, keys }: Sampled): readonly Found[] {
  return (keys.histograms ?? []).flatMap(({ db, type, unit, bins }): readonly Found[] => {
    const steps = unit === 'elements' ? bins.filter(({ from }) => from >= HUGE_STEP) : [];
    const met = keys.largest.filter((key) => key.db === db && key.type === type && key.elements >= HUGE_STEP);
    const unknown = steps.reduce((sum, step) => sum + step.keys, 0) - met.length;
    if (unknown <= 0) return [];
    return [
      {
        at: node.name,
        message: `The sample did not meet ${many(unknown, type, plural(type))} of ${count(HUGE_STEP)} elements or more${inDb(db)}, which the server counts.`,
        evidence: steps.map(({ from, keys: n }) => `db${db}_distrib_${plural(type)}_items: ${from}=${n}`),
        remedy:
          'Look for them with a larger budget of keys, or with `redis-cli --bigkeys` when there is little traffic.',
      },
    ];
  });
}

const plural = (type: string): string => (type === 'hash' ? 'hashes' : `${type}s`);

const words = ({ type, elements, bytes }: BigKey): string =>
  `a ${type === 'zset' ? 'sorted set' : type} of ${count(elements)} elements in ${humanBytes(bytes)}`;

const evidenceOf = ({ key, db, type, encoding, elements, bytes }: BigKey): string =>
  `db${db} "${key}": type ${type}, encoding ${encoding}, ${elements} elements, MEMORY USAGE ${bytes}`;

function remedy({ type }: BigKey): string {
  if (type === 'stream') return 'Trim it as it grows: XADD with MAXLEN ~ or MINID ~.';
  if (type === 'list') return 'Bound it with LTRIM after each push, or take elements off faster.';
  return 'Split it over several keys by a part of the name, and read it in pages.';
}

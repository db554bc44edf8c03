import { humanBytes } from '../../../model/bytes.ts';
import type { BigKey, KeyGroup, KeySample } from '../../facts.ts';
import { extrapolateCount } from '../../statistics.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many } from '../../words.ts';
import { inDb, type Sampled, sampled } from './sampled.ts';

/** From here on a value is felt: it takes about a millisecond on a network of 1 Gbit/s. */
const LARGE_BYTES = 100 * 1024;
const HUGE_BYTES = 5 * 2 ** 20;
/** INFO keysizes counts in powers of two: this is the first step above `HUGE_BYTES`. */
const HUGE_STEP = 2 ** 23;

export const largeObjects: Rule = {
  id: 'large-objects',
  group: 'keys',
  severity: 'warning',
  title: 'Large objects as single strings',
  looksAt: ['SCAN, TYPE, STRLEN, MEMORY USAGE', 'INFO keysizes'],
  why: 'A string is read and written whole. A large one fills the network and the buffers of both sides, and everything behind it on the connection waits, although a few bytes of it were wanted.',
  fix: 'Store fields in a hash, split what belongs to different readers, compress, or keep the object in a file store and its address in Redis.',
  sources: [
    'https://learn.microsoft.com/en-us/azure/azure-cache-for-redis/cache-best-practices-development',
    'https://www.alibabacloud.com/help/en/redis/user-guide/identify-and-handle-large-keys-and-hotkeys',
  ],
  find: (facts) => sampled(facts).flatMap((one) => [...huge(one), ...byPrefix(one)]),
};

const isString = ({ type }: { readonly type: string }): boolean => type === 'string';

function huge({ node, keys }: Sampled): readonly Found[] {
  const met = keys.largest.filter((key) => isString(key) && key.elements >= HUGE_BYTES);
  const found = met.map((key: BigKey) => ({
    at: key.key,
    message: `It is a string of ${humanBytes(key.elements)}${inDb(key.db)} on ${node.name}; every read and write moves all of it.`,
    evidence: [`db${key.db} "${key.key}": STRLEN ${key.elements}, MEMORY USAGE ${key.bytes}`],
    remedy:
      'Split it into parts that are read by themselves, compress it, or keep it in a file store; a bitmap can be split by ranges.',
  }));
  const unknown = stringsFrom(keys, HUGE_STEP) - met.filter(({ elements }) => elements >= HUGE_STEP).length;
  if (unknown <= 0) return found;
  return [
    ...found,
    {
      at: node.name,
      message: `The sample did not meet ${many(unknown, 'string')} of ${humanBytes(HUGE_STEP)} or more, which the server counts.`,
      evidence: (keys.histograms ?? [])
        .filter(isString)
        .map(
          ({ db, bins }) =>
            `db${db}_distrib_strings_sizes: ${bins.map(({ from, keys: n }) => `${from}=${n}`).join(',')}`,
        ),
      remedy:
        'Look for them with a larger budget of keys, or with `redis-cli --bigkeys` when there is little traffic.',
    },
  ];
}

/** By INFO keysizes, exactly: strings in the steps that begin at `bytes` or above. */
const stringsFrom = ({ histograms }: KeySample, bytes: number): number =>
  (histograms ?? [])
    .filter(isString)
    .flatMap(({ bins }) => bins)
    .filter(({ from }) => from >= bytes)
    .reduce((sum, { keys }) => sum + keys, 0);

function byPrefix({ node, keys }: Sampled): readonly Found[] {
  return keys.groups.filter(isLarge).map((group) => {
    const { value, plusMinus } = extrapolateCount(keys, group.keys);
    const about = plusMinus === 0 ? many(value, 'key') : `about ${count(value)} ± ${count(plusMinus)} keys`;
    return {
      severity: 'note',
      at: group.prefix,
      message: `Strings of ${humanBytes(meanBytes(group))} on average, ${humanBytes(group.mostElements)} at most, in ${about} of this form on ${node.name}.`,
      evidence: [`${group.keys} sampled, ${group.elements} bytes in all, encoding ${group.encoding}`],
      remedy:
        'Where only parts of a value are read or changed, keep them as fields of a hash or under keys of their own; otherwise compress before writing.',
    };
  });
}

const meanBytes = ({ elements, keys }: KeyGroup): number => Math.round(elements / keys);

/** The few that are huge are found by themselves, unless all of this form are large. */
const isLarge = (group: KeyGroup): boolean =>
  isString(group) &&
  group.mostElements >= LARGE_BYTES &&
  (group.mostElements < HUGE_BYTES || (group.keys > 1 && meanBytes(group) >= LARGE_BYTES));

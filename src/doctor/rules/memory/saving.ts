import { humanBytes, MIB } from '../../../model/bytes.ts';
import type { Facts, KeyGroup, KeySample, NodeFacts, Saving } from '../../facts.ts';
import { partOfMemory, primaries } from '../../read-facts.ts';
import { addUp, type Estimate, extrapolate } from '../../statistics.ts';
import type { Fix, Found } from '../../types.ts';
import { percent } from '../../words.ts';

/** Less is not worth a change. */
const LEAST_BYTES = MIB;
const LEAST_SHARE = 0.01;
/** From here on it is more than worth knowing. */
const MUCH_SHARE = 0.25;

type Sampled = NodeFacts & { readonly keys: KeySample };

/** Nodes whose samples together stand for all keys, each key once: primaries, and replicas that were asked in their place. */
export function sampled(facts: Facts): readonly Sampled[] {
  const withKeys = (nodes: readonly NodeFacts[]) =>
    nodes.filter((node): node is Sampled => node.keys !== undefined);
  const first = withKeys(primaries(facts));
  return first.length > 0 && first.length === primaries(facts).length ? first : withKeys(facts.nodes);
}

export const datasetBytes = (nodes: readonly NodeFacts[]): number | undefined => {
  const each = nodes.map(({ info }) => partOfMemory(info, 'used_memory_dataset'));
  return each.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0);
};

export interface Saved {
  readonly bytes: Estimate;
  readonly share: number;
  /** Groups that save, those that save most first. */
  readonly groups: readonly { readonly group: KeyGroup; readonly saving: Saving }[];
}

/** What one change would free on all keys; undefined where it is not certain, or too little to bother. */
export function saved(facts: Facts, change: (group: KeyGroup, saving: Saving) => boolean): Saved | undefined {
  const nodes = sampled(facts);
  const dataset = datasetBytes(nodes);
  const groups = nodes.flatMap(({ keys }) => savingsIn(keys, change));
  if (!dataset || groups.length === 0) return undefined;
  const bytes = addUp(
    nodes.map(({ keys }) => {
      const savings = savingsIn(keys, change).map(({ saving }) => saving);
      return extrapolate(keys, { sum: sum(savings.map(lessBytes)), squares: sum(savings.map(squaresOf)) });
    }),
  );
  const share = bytes.value / dataset;
  const certain = bytes.value > bytes.plusMinus;
  if (!certain || bytes.value < LEAST_BYTES || share < LEAST_SHARE) return undefined;
  return { bytes, share, groups: [...groups].sort((a, b) => lessBytes(b.saving) - lessBytes(a.saving)) };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const lessBytes = ({ nowBytes, thenBytes }: Saving) => nowBytes - thenBytes;
const squaresOf = ({ squares }: Saving) => squares;

const savingsIn = ({ groups }: KeySample, change: (group: KeyGroup, saving: Saving) => boolean) =>
  groups.flatMap((group) =>
    group.savings.filter((saving) => change(group, saving)).map((saving) => ({ group, saving })),
  );

/** `12.3 MiB ± 0.4 MiB (5 % of the data)`. */
export const inWords = ({ bytes, share }: Saved): string =>
  `${humanBytes(bytes.value)}${bytes.plusMinus > 0 ? ` ± ${humanBytes(bytes.plusMinus)}` : ''} (${percent(share)} of the data)`;

const SHOWN = 3;

const groupsSeen = ({ groups }: Saved): readonly string[] =>
  groups
    .slice(0, SHOWN)
    .map(
      ({ group, saving }) =>
        `${group.prefix} (${group.type}, ${group.encoding}): ${saving.keys} of ${group.keys} sampled keys, ${saving.nowBytes} bytes now, ${saving.thenBytes} then`,
    );

/** What all findings of this kind have in common. */
export const savesOf = (facts: Facts, one: Saved): Pick<Found, 'severity' | 'at' | 'evidence' | 'saves'> => ({
  severity: one.share >= MUCH_SHARE ? 'warning' : 'note',
  at: one.groups[0]?.group.prefix ?? facts.asked,
  evidence: groupsSeen(one),
  saves: { bytes: one.bytes.value, plusMinus: one.bytes.plusMinus },
});

/** CONFIG SET on every node: replicas keep their copies in the same encoding. */
export const setEverywhere = (
  { nodes }: Facts,
  name: string,
  value: string,
  effect: string,
): readonly Fix[] =>
  nodes.map((node) => ({
    kind: 'command',
    at: node.name,
    words: ['CONFIG', 'SET', name, value],
    live: true,
    effect,
  }));

import type { Facts, KeyGroup, Saving } from '../../facts.ts';
import type { Found } from '../../types.ts';
import { inWords, type Saved, saved, savesOf, setEverywhere } from './saving.ts';

export interface EncodingChange {
  readonly setting: string;
  /** The value is rounded up to a multiple of it, so that keys may grow a little. */
  readonly step: number;
  readonly most: number;
}

const REWRITE =
  'Keys that exist keep their encoding until they are written anew: DUMP, then RESTORE with REPLACE.';

const settingFor = ({ step, most }: EncodingChange, { groups }: Saved): string => {
  const least = Math.max(...groups.map(({ saving }) => Number(saving.value)));
  return String(Math.min(most, Math.ceil(least / step) * step));
};

function raise(facts: Facts, type: string, change: EncodingChange): readonly Found[] {
  const one = saved(
    facts,
    (group: KeyGroup, saving: Saving) => group.type === type && saving.change === change.setting,
  );
  if (!one) return [];
  const value = settingFor(change, one);
  const effect = `New and rewritten keys take less memory, and a command that looks for one element reads up to ${change.setting.endsWith('value') ? `${value} bytes a step` : `${value} elements`}.`;
  return [
    {
      ...savesOf(facts, one),
      message: `${change.setting} ${value} would save ${inWords(one)}.`,
      remedy: `Set ${change.setting} to ${value}, in the configuration file too, and measure the latency of your commands. ${REWRITE}`,
      fixes: setEverywhere(facts, change.setting, value, effect),
    },
  ];
}

function rewrite(facts: Facts, type: string): readonly Found[] {
  const one = saved(facts, (group, saving) => group.type === type && saving.change === 'rewrite');
  if (!one) return [];
  return [
    {
      ...savesOf(facts, one),
      message: `Keys that the settings would allow a smaller encoding have the large one; writing them anew would save ${inWords(one)}.`,
      remedy: REWRITE,
    },
  ];
}

/** Each setting that would shrink keys of a type, and keys that were written before it was set. */
export const encodingFindings = (
  facts: Facts,
  type: string,
  changes: readonly EncodingChange[],
): readonly Found[] => [...changes.flatMap((change) => raise(facts, type, change)), ...rewrite(facts, type)];

import type { KeySample, NodeFacts } from '../facts.ts';
import { groupsOf, hotOf, largestOf } from './key-groups.ts';
import { Refused } from './key-names.ts';
import { begin, type KeyBudget, type Walk, walkKeys } from './key-walk.ts';
import { databasesOf, histogramsOf } from './read-info.ts';
import type { Reader } from './reader.ts';
import { refusalOf } from './refusals.ts';

/** Who is asked, and of whose keys: a replica that is in step spares its primary. */
export interface Sampling {
  readonly primary: NodeFacts;
  readonly node: NodeFacts;
  readonly reader: Reader;
  readonly budget: KeyBudget;
}

/** What a sample asks; given together, since a user who may not ask one usually may not ask the others. */
const NEEDED =
  '~* +scan +randomkey +type +pttl +object|encoding +object|freq +memory|usage +strlen +llen +scard +zcard +hlen +xlen';
/** What tells how small keys could be. */
const NEEDED_FOR_SAVINGS = '+getrange +lrange +hscan +sscan +zscan';

/** Looks at a random part of the keys within the budget; undefined, with the reason noted, where that may not be asked. */
export async function sampleKeys({
  primary,
  node,
  reader,
  budget,
}: Sampling): Promise<KeySample | undefined> {
  if (budget.keys === 0 || !node.info || !primary.info) return undefined;
  const begun = performance.now();
  const walk = begin(node.info, budget);
  await walkKeys(walk, reader, node, budget).catch((error: Error) => noteEnd(reader, walk, error));
  noteRefusals(reader, walk);
  const { looked, sources, refused } = walk;
  if (looked.length === 0 && sources.length > 0) return undefined;
  const keys = databasesOf(primary.info).reduce((sum, one) => sum + one.keys, 0);
  return {
    keys: Math.max(keys, looked.length),
    looked: looked.length,
    complete: refused.size === 0 && sources.every((source) => source.isOver()),
    sampledAt: node === primary ? undefined : node.name,
    seconds: (performance.now() - begun) / 1000,
    groups: groupsOf(looked),
    largest: largestOf(looked),
    hot: hotOf(looked),
    histograms: histogramsOf(primary.info),
  };
}

function noteEnd(reader: Reader, { looked }: Walk, error: Error): void {
  const what = looked.length === 0 ? 'its keys' : 'the rest of its keys';
  if (error instanceof Refused) reader.note(what, error.message, error.isNotAllowed ? NEEDED : undefined);
  else reader.note(what, refusalOf(error.message, '').why);
}

function noteRefusals(reader: Reader, { refused }: Walk): void {
  for (const [command, said] of refused) {
    const { why, allow } = refusalOf(said.message, command);
    const isSaving = NEEDED_FOR_SAVINGS.includes(`+${command}`);
    reader.note(
      isSaving ? 'what its keys could save' : 'some of its keys',
      why,
      allow && (isSaving ? NEEDED_FOR_SAVINGS : NEEDED),
    );
  }
}

import type { Info, NodeFacts } from '../facts.ts';
import { setting } from '../read-facts.ts';
import type { Looked } from './key-groups.ts';
import { drawn, type KeyNames, scanned } from './key-names.ts';
import { lookAtKeys } from './look-at-keys.ts';
import { type Pace, paceOf } from './pace.ts';
import { databasesOf } from './read-info.ts';
import type { Reader } from './reader.ts';

export interface KeyBudget {
  readonly keys: number;
  readonly seconds: number;
  readonly share: number;
}

/** A way through the keys of a node, as far as it has come. */
export interface Walk {
  readonly looked: Looked[];
  readonly sources: readonly KeyNames[];
  /** First refusal of each command. */
  readonly refused: Map<string, Error>;
}

export function begin(info: Info, budget: KeyBudget): Walk {
  const all = databasesOf(info).filter(({ keys }) => keys > 0);
  const total = all.reduce((sum, { keys }) => sum + keys, 0);
  const inSlots = info.cluster_enabled === '1' && total > budget.keys;
  const sources = all.map(({ db, keys }) => (inSlots ? drawn(db, keys) : scanned(db, keys)));
  return { looked: [], sources, refused: new Map() };
}

/** Keys at one go. */
const PAGE = 50;
/** After so many pages without a new key there are none. */
const MOST_VAIN = 20;

/** Goes on until all is seen or the budget is spent. Rejects where the first question is refused, or the connection lost. */
export async function walkKeys(
  walk: Walk,
  reader: Reader,
  node: NodeFacts,
  budget: KeyBudget,
): Promise<void> {
  const until = performance.now() + budget.seconds * 1000;
  const pace = paceOf(reader, budget.share);
  await prepare(reader, node.info ?? {});
  const seen = new Map<KeyNames, number>();
  let vain = 0;
  let source = nextSource(walk, seen);
  let db = 0;
  while (source && walk.looked.length < budget.keys && performance.now() < until && vain < MOST_VAIN) {
    if (source.db !== db) await select(pace, source.db);
    db = source.db;
    const names = await source.next(pace, Math.min(PAGE, budget.keys - walk.looked.length));
    vain = names.length === 0 ? vain + 1 : 0;
    walk.looked.push(...(await lookAtKeys(names, { ...askingOf(walk, node), pace, db })));
    seen.set(source, (seen.get(source) ?? 0) + names.length);
    source = nextSource(walk, seen);
  }
}

async function prepare(reader: Reader, { cluster_enabled, role }: Info): Promise<void> {
  await reader.attempt('CLIENT', 'NO-TOUCH', 'ON');
  if (cluster_enabled === '1' && role !== 'master') await reader.attempt('READONLY');
}

async function select(pace: Pace, db: number): Promise<void> {
  const [reply] = await pace.send([['SELECT', String(db)]]);
  if (reply instanceof Error) throw reply;
}

/** The database of which the least part was seen, so that all are seen alike when the time is over. */
function nextSource({ sources }: Walk, seen: ReadonlyMap<KeyNames, number>): KeyNames | undefined {
  const part = (source: KeyNames): number => (seen.get(source) ?? 0) / source.keys;
  return sources
    .filter((source) => !source.isOver())
    .reduce<KeyNames | undefined>(
      (least, one) => (least && part(least) <= part(one) ? least : one),
      undefined,
    );
}

const askingOf = ({ refused }: Walk, node: NodeFacts) => ({
  settings: node.settings ?? {},
  countsUse: (setting(node, 'maxmemory-policy') ?? '').includes('lfu'),
  onRefusal: (command: string, said: Error) => {
    if (!refused.has(command)) refused.set(command, said);
  },
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Facts } from '../../src/doctor/facts.ts';
import { buildModel } from '../../src/model/build.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';
import { caseRoot } from './case-folders.ts';
import { changed, isTree, type Tree } from './changed-facts.ts';

/**
 * Entry by entry, `nodes` and `sentinels` hold what is other than in healthy.yaml; without them it is as there. Entries
 * beyond those of healthy.yaml are like its last one.
 */
interface Given extends Partial<Omit<Facts, 'model' | 'nodes' | 'sentinels'>> {
  readonly model?: SpecInput;
  readonly nodes?: readonly Tree[];
  readonly sentinels?: readonly Tree[];
}

const read = (path: string): unknown => parse(readFileSync(join(caseRoot('doctor'), path), 'utf8'));

function like(healthy: readonly Tree[], changes: readonly Tree[] | undefined): readonly Tree[] {
  if (!changes) return healthy;
  return changes.map((change, i) => changed(healthy[i] ?? healthy.at(-1) ?? {}, change));
}

/** Servers write numbers as text. */
function asTexts(node: Tree): Tree {
  const texts = (value: unknown) =>
    isTree(value)
      ? Object.fromEntries(
          Object.entries(value).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])),
        )
      : value;
  return { ...node, info: texts(node.info), settings: texts(node.settings) };
}

/** The facts of `tests/doctor/<path>.yaml`; without a path those of healthy.yaml. */
export function factsOf(path?: string): Facts {
  const given = (path === undefined ? {} : read(`${path}.yaml`)) as Given | null;
  const healthy = read('healthy.yaml') as Record<'nodes' | 'sentinels', readonly Tree[]>;
  const { model, nodes, sentinels, ...more } = given ?? {};
  return {
    source: 'servers',
    asked: 'redis://127.0.0.1:7000',
    unseen: [],
    silent: [],
    atSeconds: 1_790_000_000,
    commandsSent: 100,
    ...more,
    model: model && buildModel(expectValue(parseSpec({ name: 'shop', ...model }, 'shop')).spec),
    nodes: like(healthy.nodes, nodes).map(asTexts),
    sentinels: like(healthy.sentinels, sentinels),
  } as unknown as Facts;
}

/** Names of the cases of a rule or of a point of the checklist: `fires`, `fires-on-a-replica`, `silent`. */
export function casesOf(id: string): readonly string[] {
  return readdirSync(join(caseRoot('doctor'), id))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

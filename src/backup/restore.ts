import { dataNodes } from '../model/build.ts';
import type { StackModel } from '../model/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import { countKeys, parseFields } from '../redis/replies.ts';
import type { System } from '../system.ts';
import { type Carried, carryKeys } from './carry.ts';
import { misfits } from './format.ts';
import { carryFunctions } from './functions.ts';
import type { ShardFile } from './manifest.ts';
import { openRouter, type Router } from './router.ts';
import { compareValues, type Sampled } from './sample.ts';
import { type RunScratch, withScratch } from './scratch.ts';
import { type BackupSet, keysOf, verifySet } from './sets.ts';

/** What to do where the stack holds keys: refuse, keep them, or overwrite those of the same name. */
export type OnKeys = 'refuse' | 'add' | 'replace';

export interface RestoreOptions {
  readonly system: System;
  readonly root: string;
  /** The stack as this machine reaches it. */
  readonly placed: StackModel;
  readonly credentials: Credentials;
  readonly run: RunScratch;
  readonly set: BackupSet;
  readonly onKeys: OnKeys;
  readonly onProgress: (text: string) => void;
}

/** What became of one file of the set. */
export interface RestoredShard extends Carried {
  readonly file: string;
  readonly keys: number;
  readonly sample: Sampled;
}

export interface Restored {
  readonly shards: readonly RestoredShard[];
  readonly functions: number;
  readonly seconds: number;
  /** Keys of the stack before and after. */
  readonly before: number;
  readonly after: number;
  /** What should not be; empty when all went well. */
  readonly findings: readonly string[];
}

/** What is in the way of restoring this set, and how many keys the stack holds now. Changes nothing. */
export interface Outlook {
  readonly problems: readonly Problem[];
  readonly before: number;
}

/** Verifies the set and looks at the stack; whoever goes on after problems of its own making loses data. */
export async function outlook(options: RestoreOptions): Promise<Outlook> {
  options.onProgress('verifying the set');
  const damaged = await verifySet(options.set);
  if (damaged.length > 0) return { problems: damaged, before: 0 };
  return withRouter(options, async (target) => {
    const { keys } = await figures(target);
    const unfit = await misfits(options.set, options.placed, target);
    const inTheWay = keys > 0 && options.onKeys === 'refuse' ? [notEmpty(keys)] : [];
    return { problems: [...unfit, ...inTheWay], before: keys };
  });
}

function notEmpty(keys: number): Problem {
  return problem(
    'restore/not-empty',
    'the stack',
    `It holds ${keys.toLocaleString('en')} keys.`,
    'With --add they stay and only what is missing is written, as after a restore that was interrupted; with --replace those of the same name are overwritten.',
  );
}

/** Writes the set into the running stack. Throws the problems of `outlook` before anything is written. */
export async function restoreSet(options: RestoreOptions): Promise<Restored> {
  const { problems, before } = await outlook(options);
  if (problems.length > 0) throw new ProblemError(...problems);
  const started = Date.now();
  return withRouter(options, async (target) => {
    const evictedBefore = (await figures(target)).evicted;
    const shards: RestoredShard[] = [];
    let functions = 0;
    for (const shard of options.set.manifest.shards) {
      const { restored, libraries } = await restoreShard(options, shard, target, shards);
      shards.push(restored);
      functions = Math.max(functions, libraries);
    }
    const { keys: after, evicted } = await figures(target);
    const seconds = (Date.now() - started) / 1000;
    const found = { shards, functions, seconds, before, after };
    return { ...found, findings: findings(options, found, evicted - evictedBefore) };
  });
}

async function restoreShard(
  options: RestoreOptions,
  shard: ShardFile,
  target: Router,
  done: readonly RestoredShard[],
): Promise<{ readonly restored: RestoredShard; readonly libraries: number }> {
  const { system, root, placed, run, set, onKeys, onProgress } = options;
  const count = set.manifest.shards.length;
  const title = count === 1 ? '' : `shard ${done.length + 1} of ${count}: `;
  onProgress(`${title}starting a server with ${shard.file}`);
  return withScratch({ system, root, model: placed, run }, set, shard, async (scratch) => {
    const libraries = await carryFunctions(scratch.connection, target, onKeys === 'replace');
    const began = Date.now();
    const carried = await carryKeys({
      scratch,
      target,
      replace: onKeys === 'replace',
      onProgress: (keys) => onProgress(`${title}${progress(keys, shard.keys, began)}`),
    });
    onProgress(`${title}comparing`);
    const sample = await compareValues(scratch, target);
    const keys = scratch.loaded + scratch.expired;
    const expired = carried.expired + scratch.expired;
    return { restored: { ...carried, expired, file: shard.file, keys, sample }, libraries };
  });
}

function progress(keys: number, all: number, began: number): string {
  const rate = Math.round(keys / Math.max(0.001, (Date.now() - began) / 1000));
  const number = (n: number) => n.toLocaleString('en');
  return `${number(keys)} of ${number(all)} keys, ${number(rate)} a second`;
}

function findings(
  { set, onKeys }: RestoreOptions,
  { shards, before, after }: Omit<Restored, 'findings'>,
  evicted: number,
): readonly string[] {
  const found = shards.flatMap((shard) => shardFindings(shard, onKeys));
  const total = (key: 'written' | 'withExpiry' | 'keys') =>
    shards.reduce((sum, shard) => sum + shard[key], 0);
  if (total('keys') !== keysOf(set))
    found.push(`The files hold ${total('keys')} keys, and the set was noted with ${keysOf(set)}.`);
  // Overwritten keys were there before; keys with a TTL may have run out meanwhile.
  const least = onKeys === 'replace' ? Math.max(before, total('written')) : before + total('written');
  if (after < least - total('withExpiry'))
    found.push(`The stack holds ${after} keys and should hold ${least} at least.`);
  if (evicted > 0)
    found.push(`${evicted} keys were evicted meanwhile: the stack has too little memory for its data.`);
  return found;
}

function shardFindings({ file, failed, complaints, kept, sample }: RestoredShard, onKeys: OnKeys): string[] {
  const found: string[] = [];
  if (failed > 0) found.push(`${file}: ${failed} keys were refused, such as ${complaints.join('; ')}.`);
  if (sample.missing.length > 0)
    found.push(
      `${file}: of ${sample.looked} keys ${sample.missing.length} are missing: ${few(sample.missing)}.`,
    );
  // What was there before may well have another value.
  if (sample.different.length > 0 && !(onKeys === 'add' && kept > 0))
    found.push(
      `${file}: of ${sample.looked} keys ${sample.different.length} differ: ${few(sample.different)}.`,
    );
  return found;
}

const few = (keys: readonly string[]) => keys.slice(0, 5).join(', ');

async function withRouter<T>(
  { placed, credentials }: Pick<RestoreOptions, 'placed' | 'credentials'>,
  use: (target: Router) => Promise<T>,
): Promise<T> {
  if (dataNodes(placed.nodes).length === 0) throw new Error('a stack has data nodes');
  const target = await openRouter(placed, credentials);
  try {
    return await use(target);
  } finally {
    target.close();
  }
}

async function figures(target: Router): Promise<{ readonly keys: number; readonly evicted: number }> {
  const keyspaces = await target.everyPrimary('INFO', 'keyspace');
  const stats = await target.everyPrimary('INFO', 'stats');
  return {
    keys: keyspaces.reduce<number>((sum, reply) => sum + countKeys(parseFields(reply)), 0),
    evicted: stats.reduce<number>((sum, reply) => sum + Number(parseFields(reply).evicted_keys ?? 0), 0),
  };
}

import type { StackModel } from '../model/types.ts';
import { ProblemError } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import { countKeys, parseFields } from '../redis/replies.ts';
import type { System } from '../system.ts';
import type { ShardFile } from './manifest.ts';
import { openRouter, type Router } from './router.ts';
import { compareTypes, type Sampled } from './sample.ts';
import { type RunScratch, withScratch } from './scratch.ts';
import { type BackupSet, verifySet } from './sets.ts';

export interface DrillOptions {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
  readonly run: RunScratch;
  readonly set: BackupSet;
  /** The running stack to hold it against; without one only the counts are compared. */
  readonly live: { readonly placed: StackModel; readonly credentials: Credentials } | undefined;
  readonly onProgress: (text: string) => void;
}

export interface DrilledShard {
  readonly file: string;
  /** Keys that the set was noted with, and those that a server found in it. */
  readonly noted: number;
  readonly found: number;
  /** Among those found, keys whose time is over. */
  readonly expired: number;
  readonly sample: Sampled | undefined;
  /** Keys that the running stack holds. */
  readonly liveKeys: number;
}

export interface Drilled {
  readonly shards: readonly DrilledShard[];
  /** What should not be; empty when the set can be relied on. */
  readonly findings: readonly string[];
}

/**
 * Starts a server from each file of a set, counts, compares a sample with what runs, and ends it. Changes nothing and leaves
 * nothing. Throws the problems of a set whose files are not as they were written.
 */
export async function drillSet(options: DrillOptions): Promise<Drilled> {
  options.onProgress('verifying the set');
  const damaged = await verifySet(options.set);
  if (damaged.length > 0) throw new ProblemError(...damaged);
  const live = options.live && (await openRouter(options.live.placed, options.live.credentials));
  try {
    const shards: DrilledShard[] = [];
    for (const shard of options.set.manifest.shards) {
      options.onProgress(`starting a server with ${shard.file}`);
      shards.push(await drillShard(options, shard, live));
    }
    return { shards, findings: shards.flatMap(finding) };
  } finally {
    live?.close();
  }
}

function drillShard(
  { system, root, model, run, set }: DrillOptions,
  shard: ShardFile,
  live: Router | undefined,
): Promise<DrilledShard> {
  return withScratch({ system, root, model, run }, set, shard, async (scratch) => ({
    file: shard.file,
    noted: shard.keys,
    found: scratch.loaded + scratch.expired,
    expired: scratch.expired,
    sample: live && (await compareTypes(scratch, live)),
    liveKeys: live ? await countLive(live) : 0,
  }));
}

async function countLive(live: Router): Promise<number> {
  const replies = await live.everyPrimary('INFO', 'keyspace');
  return replies.reduce<number>((sum, reply) => sum + countKeys(parseFields(reply)), 0);
}

/** A key that is gone or has another type by now is no fault of the set; that none of many is there would be. */
function finding({ file, noted, found, sample, liveKeys }: DrilledShard): readonly string[] {
  const counts =
    noted === found ? [] : [`${file}: a server finds ${found} keys in it, and it was noted with ${noted}.`];
  const strange = sample && liveKeys > 0 && sample.looked >= 20 && sample.missing.length === sample.looked;
  return strange
    ? [
        ...counts,
        `${file}: of ${sample.looked} keys none is in the stack that runs: is it a set of this stack?`,
      ]
    : counts;
}

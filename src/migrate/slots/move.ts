import { parsePairs } from '../../redis/replies.ts';
import { carryAtomically, waitForAtomicMoves } from './atomic.ts';
import { carrySlots } from './carry.ts';
import { curesFor } from './heal.ts';
import { Links } from './links.ts';
import { Pace } from './pace.ts';
import { type Pair, Tally } from './pair.ts';
import { planSlots } from './plan.ts';
import { groupsOf, slotsOf, toRanges } from './ranges.ts';
import { runApart } from './schedule.ts';
import { findShards, orderPrimary, type Reach, type Shard } from './shards.ts';
import { type Abilities, askAbilities, askWholeCluster, countKeysIn, findStrays } from './survey.ts';
import type { Cluster, MoveResult, Progress, ShardWish, SlotMove, Way } from './types.ts';
import { askViews, ownersIn, type View } from './view.ts';

export interface MoveOptions {
  readonly cluster: Cluster;
  /** Every shard of the cluster, also those that shall hold nothing. */
  readonly wishes: readonly ShardWish[];
  /** Stops between two batches of keys; begin again with the same call. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** @default what the servers can do: atomic where all can. */
  readonly way?: Way;
  /** Pairs of nodes that move slots at the same time; no node is in two of them. @default 2 */
  readonly parallel?: number;
  /** How long one order may hold up a source, in ms; a single large key takes what it takes. @default 1 */
  readonly holdMs?: number;
  /** Rest after each order, in times of what it took: more is kinder to clients, and slower. @default 1 */
  readonly rest?: number;
  /** How long to go on without getting anywhere, in ms. @default 60000 */
  readonly patienceMs?: number;
}

/**
 * Moves slots, under writes, until every shard holds its share. First brings to their end the slots that an earlier call left
 * open. May be ended at any moment, however roughly, and called again. Rejects with a ProblemError where something is
 * for the user to see to.
 */
export async function moveSlots(options: MoveOptions): Promise<MoveResult> {
  const begun = performance.now();
  const { credentials, members } = options.cluster;
  const first = new Links(credentials, 5000);
  const shards = findShards(members, options.wishes, await askViews(members, first));
  const abilities = await askAbilities(first, shards);
  first.close();
  const reach = {
    links: new Links(credentials, 2 * abilities.nodeTimeoutMs + 1000),
    scouts: new Links(credentials, 800),
    waitsForReplicas: abilities.waitsForReplicas,
  };
  const work = new Work(options, reach, shards, abilities);
  try {
    await work.run();
  } finally {
    reach.links.close();
    reach.scouts.close();
  }
  const { slots, keys, repeated, longest } = work.tally;
  const complete = !work.stopped;
  return { way: work.way, slots, keys, complete, tookMs: performance.now() - begun, longest, repeated };
}

class Work {
  readonly tally = new Tally();
  readonly way: Way;
  stopped = false;
  readonly #options: MoveOptions;
  readonly #reach: Reach;
  readonly #shards: readonly Shard[];
  readonly #abilities: Abilities;

  constructor(options: MoveOptions, reach: Reach, shards: readonly Shard[], abilities: Abilities) {
    this.#options = options;
    this.#reach = reach;
    this.#shards = shards;
    this.#abilities = abilities;
    this.way = options.way ?? abilities.way;
  }

  async run(): Promise<void> {
    const restore = await keepReplicasAtHome(this.#reach, this.#shards);
    try {
      await waitForAtomicMoves(this.#reach, this.#shards);
      await this.#heal();
      if (!this.stopped) await this.#move();
    } finally {
      await restore();
    }
  }

  async #heal(): Promise<void> {
    const views = await askWholeCluster(this.#reach, this.#shards);
    if (views.every(({ self }) => self.open.length === 0)) return;
    const strays = await findStrays(this.#reach, this.#shards, views, this.#abilities.databases);
    const cures = curesFor({ views, shards: this.#shards, strays });
    const done = this.#progress('heal', cures.length, 0);
    for (const cure of cures) {
      if (cure.kind === 'close')
        await orderPrimary(this.#reach, cure.at, [['CLUSTER', 'SETSLOT', String(cure.slot), 'STABLE']]);
      else await this.#unlessAborted(carrySlots(this.#pair(cure.from, cure.to), [cure.slot], true));
      if (this.stopped) return;
      done();
    }
  }

  async #move(): Promise<void> {
    const moves = planFor(this.#shards, await askWholeCluster(this.#reach, this.#shards));
    const counts = await this.#countKeys(moves);
    const done = this.#progress('move', counts.size, sum(counts.values()));
    await runApart(moves, this.#options.parallel ?? 2, async ({ from, to, ranges }) => {
      const pair = this.#pair(this.#shardOf(from), this.#shardOf(to));
      if (this.way === 'atomic') return this.#unlessAborted(carryAtomically(pair, ranges, done));
      for (const slots of groupsOf(slotsOf(ranges), (slot) => counts.get(slot) ?? 0)) {
        if (pair.signal?.aborted) this.stopped = true;
        if (this.stopped) return;
        await this.#unlessAborted(carrySlots(pair, slots));
        done();
      }
    });
  }

  async #unlessAborted(carried: Promise<boolean>): Promise<void> {
    if (!(await carried)) this.stopped = true;
  }

  /** Keys of each slot that is to move. */
  async #countKeys(moves: readonly SlotMove[]): Promise<ReadonlyMap<number, number>> {
    const { databases } = this.#abilities;
    const rows = await Promise.all(
      moves.map(async ({ from, ranges }) => {
        const slots = slotsOf(ranges);
        const counts = await countKeysIn(this.#reach, this.#shardOf(from), slots, databases);
        return slots.map((slot, i) => [slot, counts[i] ?? 0] as const);
      }),
    );
    return new Map(rows.flat());
  }

  /** Says where a phase stands, now and whenever the function is called. */
  #progress(phase: Progress['phase'], slots: number, keys: number): () => void {
    const { tally } = this;
    const start = { slots: tally.slots, keys: tally.keys };
    const say = () =>
      this.#options.onProgress?.({
        phase,
        slots: { done: tally.slots - start.slots, of: slots },
        keys: { done: tally.keys - start.keys, of: keys },
      });
    say();
    return say;
  }

  #shardOf(id: string): Shard {
    const shard = this.#shards.find(({ members }) => members.some((member) => member.id === id));
    if (!shard) throw new Error(`no shard has the server ${id}`);
    return shard;
  }

  #pair(source: Shard, target: Shard): Pair {
    const { cluster, holdMs = 1, rest = 1, patienceMs = 60_000, signal } = this.#options;
    return {
      ...this.#reach,
      source,
      target,
      bystanders: this.#shards.filter((shard) => shard !== source && shard !== target),
      credentials: cluster.credentials,
      databases: this.#abilities.databases,
      nodeTimeoutMs: this.#abilities.nodeTimeoutMs,
      patienceMs,
      pace: new Pace(holdMs),
      rest,
      tally: this.tally,
      signal,
    };
  }
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);

function planFor(shards: readonly Shard[], views: readonly View[]): readonly SlotMove[] {
  const owners = ownersIn(views);
  const present = new Map(
    shards.map(({ primary }) => [
      primary.id,
      toRanges(owners.flatMap((owner, slot) => (owner?.member === primary ? [slot] : []))),
    ]),
  );
  return planSlots({ present, shares: new Map(shards.map(({ primary, share }) => [primary.id, share])) });
}

/**
 * A primary without slots would turn into a replica of whoever took its last one, and refuse orders. Gives what puts the
 * setting back.
 */
async function keepReplicasAtHome({ links, scouts }: Reach, shards: readonly Shard[]) {
  const name = 'cluster-allow-replica-migration';
  const members = shards.flatMap((shard) => shard.members);
  const changed = await Promise.all(
    members.map(async (member) => {
      const reply = await scouts.call(member, 'CONFIG', 'GET', name).catch(() => undefined);
      if (parsePairs(reply)[name] !== 'yes') return [];
      await links.call(member, 'CONFIG', 'SET', name, 'no');
      return [member];
    }),
  );
  return async () => {
    await Promise.all(
      changed
        .flat()
        .map((member) => scouts.call(member, 'CONFIG', 'SET', name, 'yes').catch(() => undefined)),
    );
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import { parsePairs } from '../../redis/replies.ts';
import { LostNode, Refusal } from './links.ts';
import type { Pair } from './pair.ts';
import { chunksOf, sizeOf, slotsOf } from './ranges.ts';
import { findShards, type Reach, type Shard } from './shards.ts';
import type { SlotRange } from './types.ts';
import { askViews, ownersIn } from './view.ts';

/** Slots in one order: the servers stop writes to them at its end, for longer the more they are. */
const CHUNK = 128;
const LOOK_MS = 10;
const ENDED = ['success', 'failed', 'cancelled', 'canceled'];

interface AtomicMove {
  readonly name: string;
  readonly operation: string;
  readonly ranges: string;
  readonly state: string;
  readonly message: string;
}

/** Lets the servers move ranges by themselves, some slots at a time. False when the signal came first. */
export async function carryAtomically(
  pair: Pair,
  ranges: readonly SlotRange[],
  done: () => void,
): Promise<boolean> {
  for (const chunk of chunksOf(ranges, CHUNK)) {
    if (pair.signal?.aborted) return false;
    if (!(await carryChunk(pair, chunk))) return false;
    done();
  }
  return true;
}

async function carryChunk(pair: Pair, chunk: readonly SlotRange[]): Promise<boolean> {
  const keys = await countKeys(pair, chunk).catch(() => 0);
  let left = chunk;
  while (left.length > 0) {
    try {
      if ((await orderAndWait(pair, left)) === 'aborted') return false;
      break;
    } catch (error) {
      expectPassing(pair, left, error as Error);
      pair.tally.repeated += 1;
      await sleep(20 * LOOK_MS);
      left = (await stillThere(pair, chunk)) ?? left;
    }
  }
  pair.tally.keys += keys;
  pair.tally.noteSlots(sizeOf(chunk));
  return true;
}

async function orderAndWait(pair: Pair, chunk: readonly SlotRange[]): Promise<'moved' | 'aborted'> {
  const { links, source, target } = pair;
  const before = new Set((await askMoves(pair, source)).map(({ name }) => name));
  const words = chunk.flatMap(([first, last]) => [String(first), String(last)]);
  await links.call(
    source.primary,
    'CLUSTER',
    'MIGRATESLOTS',
    'SLOTSRANGE',
    ...words,
    'NODE',
    target.primary.id,
  );
  for (;;) {
    await sleep(LOOK_MS);
    const move = (await askMoves(pair, source)).find(
      ({ name, operation }) => operation === 'EXPORT' && !before.has(name),
    );
    // A server that took over, or came back, knows nothing of it.
    if (!move) throw new Refusal('the move is not known any more');
    if (move.state === 'success') return 'moved';
    if (ENDED.includes(move.state)) throw new Refusal(`the move has ${move.state}: ${move.message}`);
    if (pair.signal?.aborted) {
      await links.call(source.primary, 'CLUSTER', 'CANCELSLOTMIGRATIONS', 'ALL');
      return 'aborted';
    }
  }
}

async function askMoves({ links }: Reach, { primary }: Shard): Promise<readonly AtomicMove[]> {
  const reply = await links.call(primary, 'CLUSTER', 'GETSLOTMIGRATIONS');
  return (Array.isArray(reply) ? reply : []).map(parsePairs).map((fields) => ({
    name: fields.name ?? '',
    operation: fields.operation ?? '',
    ranges: fields.slot_ranges ?? '',
    state: fields.state ?? '',
    message: fields.message ?? '',
  }));
}

/** Moves that a killed run has begun go on without it. Servers that do not know the question have none. */
export async function waitForAtomicMoves(reach: Reach, shards: readonly Shard[]): Promise<void> {
  for (const shard of shards) {
    for (;;) {
      const moves = await askMoves(reach, shard).catch((): readonly AtomicMove[] => []);
      if (moves.every(({ state }) => ENDED.includes(state))) break;
      await sleep(LOOK_MS);
    }
  }
}

/** What the source owns still, after a failure; undefined where nobody can tell now. Also finds out who is primary. */
async function stillThere(
  pair: Pair,
  chunk: readonly SlotRange[],
): Promise<readonly SlotRange[] | undefined> {
  try {
    const views = await askViews([...pair.source.members, ...pair.target.members], pair.scouts);
    for (const shard of [pair.source, pair.target]) {
      const wish = { ids: shard.members.map(({ id }) => id), share: shard.share };
      shard.primary = findShards(shard.members, [wish], views)[0]?.primary ?? shard.primary;
    }
    const owners = ownersIn(views);
    return chunksOf(chunk, 1)
      .filter(([range]) => range !== undefined && owners[range[0]]?.member === pair.source.primary)
      .flat();
  } catch {
    return undefined;
  }
}

async function countKeys({ links, source }: Pair, chunk: readonly SlotRange[]): Promise<number> {
  const questions = slotsOf(chunk).map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]);
  const counts = await links.batch(source.primary, questions);
  return counts.reduce((sum: number, count) => sum + (typeof count === 'number' ? count : 0), 0);
}

function expectPassing(pair: Pair, chunk: readonly SlotRange[], error: Error): void {
  if (!(error instanceof Refusal || error instanceof LostNode)) throw error;
  if (performance.now() - pair.tally.lastGood < pair.patienceMs) return;
  throw new ProblemError(
    problem(
      'migrate/slots-stuck',
      `slots ${chunk.map((range) => range.join('-')).join(' ')}`,
      `They do not move from ${pair.source.primary.name} to ${pair.target.primary.name}: ${error.message}`,
      'Look at these two servers. When they are well, run the same command once more: it goes on where it stopped.',
    ),
  );
}

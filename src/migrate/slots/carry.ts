import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, problem } from '../../problem.ts';
import { type Doubts, drainSlot, Interrupted } from './drain.ts';
import { LostNode, Refusal } from './links.ts';
import type { Pair } from './pair.ts';
import { expectTaken, give, orderPrimary } from './shards.ts';

/** After an abort a slot is still brought to its end, unless that takes longer. */
const FINISH_MS = 2000;
/** Between two attempts: after a failover every moment counts in which the new primary does not know of the open slot. */
const AGAIN_MS = 5;

/**
 * Moves some slots with all their keys, however often it takes. `again`: they may be half-way there. They are open together, so they
 * should have few keys. False when the signal came first: some are open then. Rejects with a ProblemError when nothing goes
 * on any more.
 */
export async function carrySlots(pair: Pair, slots: readonly number[], again = false): Promise<boolean> {
  const begun = performance.now();
  const mayStop = () => pair.signal?.aborted === true && performance.now() - begun > FINISH_MS;
  const state: CarryState = { again, doubts: undefined };
  for (;;) {
    try {
      return await attempt(pair, slots, state, mayStop);
    } catch (error) {
      if (error instanceof Interrupted) state.doubts = error.doubts;
      expectPassing(pair, slots, error as Error);
      if (mayStop()) return false;
      pair.tally.repeated += 1;
      await sleep(AGAIN_MS);
    }
  }
}

/** What one attempt leaves for the next. */
interface CarryState {
  again: boolean;
  doubts: Doubts | undefined;
}

async function attempt(
  pair: Pair,
  slots: readonly number[],
  state: CarryState,
  mayStop: () => boolean,
): Promise<boolean> {
  const open = await openSlots(pair, slots, state.again);
  state.again = true;
  if (state.doubts) await settleDoubts(pair, state.doubts);
  state.doubts = undefined;
  for (const slot of open) if (!(await drainSlot(pair, slot, mayStop))) return false;
  await commitSlots(pair, slots);
  return true;
}

/**
 * Tells both sides, the target first, so that nobody is sent there in vain. Whoever is primary now is found by the way: only
 * a primary takes these orders. Gives the slots that do not belong to the target yet.
 */
async function openSlots(pair: Pair, slots: readonly number[], again: boolean): Promise<readonly number[]> {
  const { source, target } = pair;
  const leave = (some: readonly number[]) =>
    some.length === 0
      ? Promise.resolve()
      : orderPrimary(pair, source, marks(some, 'MIGRATING', target.primary.id));
  for (;;) {
    const { primary } = source;
    let replies: readonly unknown[];
    try {
      replies = await orderPrimary(pair, target, marks(slots, 'IMPORTING', primary.id), OWN_SLOT);
    } catch (error) {
      // The target may not follow yet who has taken over from the source; the new one is told first of all.
      await leave(slots);
      throw error;
    }
    const open = slots.filter((_, i) => !(replies[i] instanceof Error));
    await leave(open);
    if (source.primary !== primary) continue;
    // A target does not learn by gossip who owns what it imports: for it a source that has fallen goes on owning the slots,
    // and the cluster stays down.
    if (again) expectTaken(await give(pair, pair.links, target.primary, marks(open, 'NODE', primary.id)));
    return open;
  }
}

const marks = (slots: readonly number[], kind: 'IMPORTING' | 'MIGRATING' | 'NODE', id: string) =>
  slots.map((slot) => ['CLUSTER', 'SETSLOT', String(slot), kind, id]);

/** The slot has arrived already. */
const OWN_SLOT = /already the owner/i;

/**
 * Keys that the source kept after a failure may have a copy on the target, which nobody was sent to so far. It is removed:
 * were the key deleted at the source, the copy would come to life.
 */
async function settleDoubts(pair: Pair, { database, keys, kept }: Doubts): Promise<void> {
  const { links, source, target } = pair;
  const select = pair.databases === 1 ? [] : [['SELECT', String(database)]];
  const there = await links.batch(source.primary, [...select, ...keys.map((key) => ['EXISTS', key])]);
  const stale = keys.filter((_, i) => kept || there[i + select.length] === 1);
  if (stale.length === 0) return;
  await links.batch(target.primary, [...select, ...stale.flatMap((key) => [['ASKING'], ['DEL', key]])]);
}

/** The target first: from then on there is an owner that has all keys, whatever happens. */
async function commitSlots(pair: Pair, slots: readonly number[]): Promise<void> {
  const { links, scouts, source, target, bystanders } = pair;
  const orders = marks(slots, 'NODE', target.primary.id);
  expectTaken(await give(pair, links, target.primary, orders));
  // All learn it from the target's gossip as well: one that is down or in the middle of a failover does not count, and
  // nobody is told who would answer late.
  const told = pair.waitsForReplicas ? [] : bystanders;
  const [left] = await Promise.all([
    give(pair, links, source.primary, orders).catch((): readonly unknown[] => []),
    ...told.map(({ primary }) => scouts.batch(primary, orders).catch(() => undefined)),
  ]);
  expectTaken(left);
  pair.tally.noteSlots(slots.length);
}

/** Nearly everything that servers say in the middle of a failover passes. What does not is given up at once. */
function expectPassing(pair: Pair, slots: readonly number[], error: Error): void {
  const passes = error instanceof Refusal || error instanceof LostNode || error instanceof Interrupted;
  if (!passes || /NOPERM|NOAUTH|WRONGPASS/.test(error.message)) throw error;
  if (performance.now() - pair.tally.lastGood < pair.patienceMs) return;
  throw new ProblemError(
    problem(
      'migrate/slot-stuck',
      `slots ${slots.join(' ')}, from ${pair.source.primary.name} to ${pair.target.primary.name}`,
      `Nothing has moved for ${Math.round(pair.patienceMs / 1000)} s: ${error.message}`,
      'Look at these two servers. When they are well, run the same command once more: it goes on where it stopped.',
    ),
  );
}

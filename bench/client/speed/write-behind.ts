import { setTimeout as sleep } from 'node:timers/promises';
import { writeBehind } from '../../../templates/client/src/write-behind.js';
import { inTurn, report, sample } from '../rounds.ts';
import type { Ground } from '../servers.ts';
import { patientOurs } from './client.ts';

const writes = 1000;
const writers = 50;

/** A source that does one thing at a time: a call takes 1 ms, whether it brings one row or many. */
function slowSource() {
  const rows = new Map<string, number | null>();
  let last: Promise<void> = Promise.resolve();
  const write = (
    changes: readonly { readonly key: string; readonly value: number | null }[],
  ): Promise<void> => {
    last = last.then(async () => {
      await sleep(1);
      for (const { key, value } of changes) rows.set(key, value);
    });
    return last;
  };
  return { rows, write };
}

/** So many writers share the writes. */
async function share(write: (turn: number) => Promise<unknown>): Promise<number> {
  let turn = 0;
  const writer = async (): Promise<void> => {
    while (turn < writes) await write(turn++);
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return turn;
}

/** Writes until the source has them, beside the same writes one by one. */
export async function writesBehind({ place }: Ground): Promise<void> {
  const redis = await patientOurs(place);
  const [source, direct] = [slowSource(), slowSource()];
  const behind = redis.use(
    writeBehind<number, number>({
      name: 'behind',
      key: (id) => [id],
      ttlMs: 60_000,
      flush: (changes) => source.write(changes.map(({ key: [key = ''], value }) => ({ key, value }))),
    }),
  );
  const worker = behind.start();
  let round = 0;
  const ours = async (): Promise<number> => {
    round++;
    const done = await share((turn) => behind.put(turn, round));
    await behind.drained();
    // Waits for the source, not for Redis alone.
    if (source.rows.size !== writes || [...source.rows.values()].some((value) => value !== round))
      throw new Error('The source does not have what was written.');
    return done;
  };
  const theirs = () => share((turn) => direct.write([{ key: `${turn}`, value: round }]));
  const pairs = await inTurn(
    () => sample(ours),
    () => sample(theirs),
    7,
  );
  await worker.stop();
  const what = `${writes} writes by ${writers} to a source that takes 1 ms a call`;
  report(`${what}: write-behind until it has them : one by one`, pairs, 5);
  await redis.close();
}

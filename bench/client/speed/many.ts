import { cache } from '../../../templates/client/src/cache-aside.js';
import { compare } from '../rounds.ts';
import type { Ground } from '../servers.ts';
import { at, bareClient, ids, notAsked, patientOurs, storedKeys, text } from './client.ts';

const many = cache<string, string>({ name: 'many', key: (id) => [id], ttlMs: 600_000 });
const size = 100;

const inGroups = (items: readonly string[]) =>
  Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size));

/** A hundred hits at once, beside a bare MGET of the same keys, and beside one whose texts are parsed. */
export async function getMany({ place }: Ground): Promise<void> {
  const client = await bareClient(place);
  const redis = await patientOurs(place);
  const entries = redis.use(many);
  await Promise.all(ids.map((id) => entries.set(id, text)));
  const groups = inGroups(ids);
  const keyGroups = inGroups(await storedKeys(client, 'many:v1'));
  const bare = (turn: number) => client.mGet(at(keyGroups, turn));
  const parsed = async (turn: number) => (await bare(turn)).map((json) => JSON.parse(json ?? 'null'));
  const ours = (turn: number) => entries.getMany(at(groups, turn), notAsked);
  for (const inFlight of [1, 10]) {
    await compare(`getMany of ${size}, ${inFlight} in flight`, {
      ours: { name: 'getMany', inFlight, op: ours },
      theirs: { name: 'client.mGet', inFlight, op: bare },
      // At most 1.2 times as long.
      aim: 0.83,
    });
    await compare(`getMany of ${size}, ${inFlight} in flight`, {
      ours: { name: 'getMany', inFlight, op: ours },
      theirs: { name: 'client.mGet and JSON.parse of each', inFlight, op: parsed },
    });
  }
  await redis.close();
  client.destroy();
}

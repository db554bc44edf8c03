import * as v from 'valibot';
import { cache } from '../../../templates/client/src/cache-aside.js';
import { compare } from '../rounds.ts';
import type { Ground } from '../servers.ts';
import { at, bareClient, ids, notAsked, patientOurs, storedKeys, text } from './client.ts';

const common = { key: (id: string) => [id], ttlMs: 600_000 };

const kinds = [
  { definition: cache<string, string>({ name: 'plain', ...common }), inFlights: [500, 50], aim: 0.9 },
  {
    definition: cache<string, string>({
      name: 'schema',
      ...common,
      schema: v.pipe(v.string(), v.minLength(1)),
    }),
    inFlights: [500],
  },
  {
    definition: cache<string, string>({ name: 'tags', ...common, tags: (id) => [id.slice(0, 4)] }),
    inFlights: [500],
  },
];

/** A read that hits, beside a bare GET of the same key. */
export async function hits({ place }: Ground): Promise<void> {
  const client = await bareClient(place);
  const redis = await patientOurs(place);
  for (const { definition, inFlights, aim } of kinds) {
    const entries = redis.use(definition);
    await Promise.all(ids.map((id) => entries.set(id, text)));
    const keys = await storedKeys(client, `${definition.name}:v1`);
    for (const inFlight of inFlights)
      await compare(`cached hit, ${definition.name}, ${inFlight} in flight`, {
        ours: { name: 'getOrSet', inFlight, op: (turn) => entries.getOrSet(at(ids, turn), notAsked) },
        theirs: { name: 'client.get', inFlight, op: (turn) => client.get(at(keys, turn)) },
        ...(aim === undefined ? {} : { aim }),
      });
  }
  await redis.close();
  client.destroy();
}

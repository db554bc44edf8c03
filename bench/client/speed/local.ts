import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { localCache } from '../../../templates/client/src/local-tier.js';
import { until } from '../../../tests/support/until.ts';
import { compare } from '../rounds.ts';
import type { Ground } from '../servers.ts';
import { at, ids, notAsked, patientOurs, text } from './client.ts';

const hour = 3_600_000;
const near = localCache<string, string>({ name: 'near', key: (id) => [id], ttlMs: hour, localMs: hour });

/** A hit in the memory of the process, beside one of a library that asks nobody whether it is still true. */
export async function localHits({ place }: Ground): Promise<void> {
  const redis = await patientOurs(place);
  const local = redis.use(near);
  await until('every write is heard', () => local.isListening);
  const bento = new BentoCache({
    default: 'memory',
    ttl: hour,
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 10_000 })) },
  });
  for (const key of ids) {
    await local.getOrSet(key, async () => text);
    await bento.set({ key, value: text });
  }
  const before = local.stats().localHits;
  const ours = { inFlight: 1, stride: 500 };
  const theirs = { inFlight: 1, stride: 100 };
  await compare('local hit, one after another', {
    ours: { name: 'getOrSet', ...ours, op: (turn) => local.getOrSet(at(ids, turn), notAsked) },
    theirs: {
      name: 'getOrSet of bentocache in memory',
      ...theirs,
      op: (turn) => bento.getOrSet({ key: at(ids, turn), factory: notAsked }),
    },
    aim: 1,
  });
  await compare('local hit, one after another', {
    ours: { name: 'getOrSet', ...ours, op: (turn) => local.getOrSet(at(ids, turn), notAsked) },
    theirs: {
      name: 'get of bentocache in memory',
      ...theirs,
      op: (turn) => bento.get({ key: at(ids, turn) }),
    },
    aim: 1,
  });
  if (local.stats().localHits === before) throw new Error('Nothing was answered from memory.');
  await redis.close();
  await bento.disconnect();
}

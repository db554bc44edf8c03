import KeyvRedis, { createKeyvNonBlocking } from '@keyv/redis';
import type { Keyv } from 'keyv';
import { type Place, urlsOf } from '../library.ts';

/** The Redis store of Keyv on its own defaults. */
export function keyvRedis(place: Place): KeyvRedis<unknown> {
  const urls = urlsOf(place);
  const store =
    place.kind === 'cluster'
      ? new KeyvRedis<unknown>({ rootNodes: urls.map((url) => ({ url })) })
      : new KeyvRedis<unknown>(urls[0]);
  store.on('error', () => {});
  return store;
}

/** What the documentation has against waiting for a server that does not answer. */
export function keyvNonBlocking(place: Place): Keyv {
  const store = createKeyvNonBlocking(urlsOf(place)[0]);
  store.on('error', () => {});
  return store;
}

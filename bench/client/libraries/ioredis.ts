import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis6';
import { addressesOf, deadlineMs, type Place } from '../library.ts';

const tuning = { commandTimeout: deadlineMs, maxRetriesPerRequest: 1 };

/** A client of ioredis 5, ready, on its own defaults unless it is tuned. */
export async function ioredis(place: Place, tuned: boolean): Promise<Redis | Cluster> {
  const client =
    place.kind === 'cluster'
      ? new Cluster(addressesOf(place))
      : new Redis({ port: place.ports[0] ?? 0, ...(tuned ? tuning : {}) });
  // Without a listener it writes every connection error to the console.
  client.on('error', () => {});
  await client.ping();
  return client;
}

/** The same of ioredis 6. */
export async function ioredis6(place: Place, tuned: boolean): Promise<Redis6 | Cluster6> {
  const client =
    place.kind === 'cluster'
      ? new Cluster6(addressesOf(place))
      : new Redis6({ port: place.ports[0] ?? 0, ...(tuned ? tuning : {}) });
  client.on('error', () => {});
  await client.ping();
  return client;
}

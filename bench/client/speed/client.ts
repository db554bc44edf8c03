import { createClient } from '@redis/client';
import type { Place } from '../library.ts';
import { openOurs } from '../ours.ts';

/** The library by itself, with the options that make it fast: its own timeout costs a signal for each command. */
export async function bareClient({ ports: [port = 0] }: Place) {
  const client = createClient({
    RESP: 3,
    commandOptions: { timeout: 0 },
    socket: { host: '127.0.0.1', port },
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

export type BareClient = Awaited<ReturnType<typeof bareClient>>;

/** Ours, that a stall of the machine does not make give up: what is measured is what Redis answers. */
export const patientOurs = (place: Place) => openOurs(place, { deadlineMs: 10_000 });

/** The keys that ours has stored below a prefix, so that the library by itself reads the same. */
export async function storedKeys(client: BareClient, prefix: string): Promise<string[]> {
  const stored = await client.keys(`bench:${prefix}:*`);
  if (stored.length !== ids.length) throw new Error(`${stored.length} keys are stored.`);
  return stored;
}

export const at = <T>(items: readonly T[], turn: number): T => items[turn % items.length] as T;

/** 100 bytes of JSON. */
export const text = 'x'.repeat(98);

export const ids = Array.from({ length: 1000 }, (_, index) => `id-${index}`);

export const notAsked = async (): Promise<never> => {
  throw new Error('What is measured is a hit.');
};

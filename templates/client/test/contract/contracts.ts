import { caches } from './caches.ts';
import type { Contract } from './ground.ts';

/** Every pattern; a new one is a file and a line here. */
export const contracts: Readonly<Record<string, Contract>> = {
  caches,
};

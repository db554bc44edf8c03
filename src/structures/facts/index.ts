import type { Structure, StructureId } from '../types.ts';
import { COLLECTIONS } from './collections.ts';
import { FLOWS } from './flows.ts';
import { MODULES } from './modules.ts';
import { VALUES } from './values.ts';

/** Every structure. To add one: its facts in one of the files here, and a use of it. */
export const STRUCTURES: readonly Structure[] = [...VALUES, ...COLLECTIONS, ...FLOWS, ...MODULES];

export function structure(id: StructureId): Structure {
  const found = STRUCTURES.find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no structure ${id}.`);
  return found;
}

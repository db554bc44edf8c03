import type { Use } from '../types.ts';
import { CACHES } from './caches.ts';
import { COLLECTION_USES } from './collections.ts';
import { MODULE_USES } from './modules.ts';
import { SINGLES } from './values.ts';
import { WORK } from './work.ts';

/** Every way that advice knows. To add one: an entry in one of the files here, and a case in tests/structures/. */
export const USES: readonly Use[] = [...CACHES, ...SINGLES, ...COLLECTION_USES, ...WORK, ...MODULE_USES];

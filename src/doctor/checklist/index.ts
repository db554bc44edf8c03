import type { ChecklistItem } from '../types.ts';
import { backups } from './backups.ts';
import { connectionPooling } from './connection-pooling.ts';
import { highAvailability } from './high-availability.ts';
import { memoryLimit } from './memory-limit.ts';
import { monitoring } from './monitoring.ts';
import { persistence } from './persistence.ts';
import { structures } from './structures.ts';
import { ttls } from './ttls.ts';

/** What to be sure of before going live, in this order. */
export const CHECKLIST: readonly ChecklistItem[] = [
  structures,
  ttls,
  memoryLimit,
  persistence,
  highAvailability,
  connectionPooling,
  monitoring,
  backups,
];

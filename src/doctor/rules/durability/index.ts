import type { Rule } from '../../types.ts';
import { emptyPrimary } from './empty-primary.ts';
import { fsyncNever } from './fsync-never.ts';
import { logOffWherePromised } from './log-off-where-promised.ts';
import { logRewriteStuck } from './log-rewrite-stuck.ts';
import { lostAtStop } from './lost-at-stop.ts';
import { noBackup } from './no-backup.ts';
import { savesFailing } from './saves-failing.ts';
import { savesOld } from './saves-old.ts';
import { slowDisk } from './slow-disk.ts';
import { stopWritesOff } from './stop-writes-off.ts';
import { storeWithoutDurability } from './store-without-durability.ts';

/** A new rule is one file and one entry. */
export const DURABILITY: readonly Rule[] = [
  savesFailing,
  savesOld,
  logOffWherePromised,
  storeWithoutDurability,
  emptyPrimary,
  lostAtStop,
  fsyncNever,
  slowDisk,
  logRewriteStuck,
  stopWritesOff,
  noBackup,
];

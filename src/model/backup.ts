import type { BackupSpec, StackSpec } from '../spec/types.ts';
import type { BackupModel, BucketModel } from './types.ts';

/** Only its owner may enter; the containers write into the folder below it. */
export const BACKUPS = 'backups';
export const BACKUP_SETS = `${BACKUPS}/sets`;
/** Two lines that its owner fills in: the id of an access key, and the key. */
export const BUCKET_KEY = '.secrets/bucket';

export const DEFAULT_EVERY = '24h';
export const DEFAULT_KEEP = 7;
/** `to` for the folder `backups/sets` of the stack. */
export const FOLDER = 'folder';

/** A bucket name as S3 allows it, and a prefix of plain path letters. */
export const BUCKET =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*)\/?$/;

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

/** Seconds of `15m`, `6h` or `7d`; undefined where it is none, or less than five minutes or more than 366 days. */
export function parsePeriod(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  return seconds >= 300 && seconds <= 366 * 86_400 ? seconds : undefined;
}

export function backupModel({ backup }: StackSpec): BackupModel {
  const every = backup?.every ?? DEFAULT_EVERY;
  return {
    scheduled: backup !== undefined,
    everySeconds: parsePeriod(every) ?? 86_400,
    keep: backup?.keep ?? DEFAULT_KEEP,
    bucket: backup && bucketOf(backup),
  };
}

function bucketOf({ to, endpoint, region }: BackupSpec): BucketModel | undefined {
  const [, name, path = ''] = BUCKET.exec(to) ?? [];
  return name === undefined ? undefined : { name, prefix: path.replace(/^\//, ''), endpoint, region };
}

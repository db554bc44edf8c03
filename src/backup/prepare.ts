import { BACKUP_SETS, BACKUPS, BUCKET_KEY } from '../model/backup.ts';
import type { StackModel } from '../model/types.ts';
import type { Files } from '../system.ts';
import { inside, SECRETS } from '../workspace/paths.ts';

/**
 * What a job needs besides the files that are written: the folder of the sets, and the file for the key of a bucket. The
 * containers write as a user of their own, so anybody may write into the inner folder, and the outer one lets nobody but its
 * owner through.
 */
export function prepareBackups(files: Files, root: string, { backup }: StackModel): void {
  if (files.kind(inside(root, BACKUPS)) === undefined) files.makeDirectory(inside(root, BACKUPS), 0o700);
  if (files.kind(inside(root, BACKUP_SETS)) === undefined)
    files.makeDirectory(inside(root, BACKUP_SETS), 0o777);
  if (!backup.bucket || files.kind(inside(root, BUCKET_KEY)) !== undefined) return;
  files.makeDirectory(inside(root, SECRETS), 0o700);
  files.write(inside(root, BUCKET_KEY), EMPTY_KEY, 0o644);
}

const EMPTY_KEY =
  '# Put the id of an access key into this line, in place of it\n# and the key itself into the second; no others.\n';

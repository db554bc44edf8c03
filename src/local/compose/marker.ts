import type { Files } from '../../system.ts';
import { inside, RUN, SECRETS } from '../../workspace/paths.ts';

/** There while the data of the stack is in volumes of Docker. */
const MARKER = `${RUN}/compose`;

/** What `up` leaves behind for `down`, `status` and applications. */
export function noteStarted(files: Files, root: string): void {
  files.write(inside(root, MARKER), 'The data of this stack is in volumes of Docker.\n', 0o600);
  // Beside .env, so that an application is started alike whichever way the stack runs.
  const login = `REDIS_PASSWORD_FILE=${inside(root, `${SECRETS}/app`)}\n`;
  files.write(inside(root, `${RUN}/env`), `REDIS_VIEW=host\n${login}`, 0o600);
}

export function noteDeleted(files: Files, root: string): void {
  files.remove(inside(root, MARKER));
  files.remove(inside(root, `${RUN}/env`));
}

/** True when `up` started it in Compose here and its data was not deleted since. */
export function hasVolumes(files: Files, root: string): boolean {
  return files.kind(inside(root, MARKER)) !== undefined;
}

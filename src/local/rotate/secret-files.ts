import type { Files } from '../../system.ts';
import { ENV_FILE, inside, SECRETS } from '../../workspace/paths.ts';
import { type SecretUser, withPassword } from '../../workspace/secrets.ts';

const path = (root: string, { name }: SecretUser): string => inside(root, `${SECRETS}/${name}`);

/** The passwords that servers take from a user when they start: the present one, then those that are still accepted. */
export function readPasswords(files: Files, root: string, user: SecretUser): readonly string[] {
  const lines = (files.read(path(root, user)) ?? '').split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

/** Changes the file of a user where it stands: a container has this very file, not its name. */
export function writePasswords(
  files: Files,
  root: string,
  user: SecretUser,
  passwords: readonly string[],
): void {
  const file = path(root, user);
  files.overwrite(file, `${passwords.join('\n')}\n`);
  files.flush(file);
}

/** Writes passwords into `.env`, each in the line that it has; everything else there is the user's own. */
export function writeEnv(files: Files, root: string, passwords: ReadonlyMap<SecretUser, string>): void {
  const file = inside(root, ENV_FILE);
  const before = files.read(file);
  const after = [...passwords].reduce(
    (text, [user, password]) => withPassword(text, user, password),
    before ?? '',
  );
  if (before === undefined) files.write(file, after, 0o600);
  else if (after !== before) files.overwrite(file, after);
  files.flush(file);
}

import { readCertificate } from '../certificates/inspect.ts';
import type { StackModel } from '../model/types.ts';
import { passwordEnv } from '../model/users.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import type { Files } from '../system.ts';
import { CA_CERTIFICATE, ENV_FILE, inside, SECRETS } from '../workspace/paths.ts';
import { parseEnv } from '../workspace/secrets.ts';

/**
 * Name and password of a user of the stack, out of its `.env`, and the authority to trust where its servers speak TLS.
 * Rejects with `local/no-password`, and with `tls/no-authority` where there is no certificate to trust.
 */
export function credentialsOf(
  files: Files,
  root: string,
  username: string,
  { spec }: Pick<StackModel, 'spec'>,
): Credentials {
  const password = passwordOf(files, root, username);
  return { username, password, ...(spec.security.tls ? { tls: { ca: authorityOf(files, root) } } : {}) };
}

/** The certificate of the stack's own authority. */
function authorityOf(files: Files, root: string): string {
  const text = files.read(inside(root, CA_CERTIFICATE));
  if (readCertificate(text) !== undefined && text !== undefined) return text;
  throw new ProblemError(
    problem(
      'tls/no-authority',
      CA_CERTIFICATE,
      text === undefined
        ? 'It is not there; without it no server can be trusted.'
        : 'It holds no certificate; without one no server can be trusted.',
      'Bring it back from a backup; for a new stack, `create-redis-stack update` makes it.',
    ),
  );
}

/** The password of a user of the stack, out of its `.env`, or out of the file that servers read, where that is lost. */
export function passwordOf(files: Files, root: string, username: string): string {
  const name = passwordEnv(username);
  const [line] = (files.read(inside(root, `${SECRETS}/${username}`)) ?? '').split(/\r?\n/);
  const password = parseEnv(files.read(inside(root, ENV_FILE)) ?? '').get(name) || line;
  if (password) return password;
  throw new ProblemError(
    problem(
      'local/no-password',
      ENV_FILE,
      `It holds no ${name}.`,
      `Bring ${ENV_FILE} back; the servers know only the passwords that it had.`,
    ),
  );
}

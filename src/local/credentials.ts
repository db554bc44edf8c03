import { passwordEnv } from '../model/users.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import type { Files } from '../system.ts';
import { ENV_FILE, inside } from '../workspace/paths.ts';
import { parseEnv } from '../workspace/secrets.ts';

/** Name and password of a user of the stack, out of its `.env`. */
export function credentialsOf(files: Files, root: string, username: string): Credentials {
  const name = passwordEnv(username);
  const password = parseEnv(files.read(inside(root, ENV_FILE)) ?? '').get(name);
  if (password) return { username, password };
  throw new ProblemError(
    problem(
      'local/no-password',
      ENV_FILE,
      `It holds no ${name}.`,
      `Bring ${ENV_FILE} back; the servers know only the passwords that it had.`,
    ),
  );
}

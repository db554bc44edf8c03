import type { StackModel } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Files } from '../system.ts';
import { ENV_FILE, inside, SECRETS } from '../workspace/paths.ts';
import { parseEnv } from '../workspace/secrets.ts';

/** Throws before anything starts when a password is lost, and says from where it can come back. */
export function expectSecrets(files: Files, root: string, model: StackModel): void {
  const users = [...model.users, ...(model.sentinel?.users ?? [])];
  const env = parseEnv(files.read(inside(root, ENV_FILE)) ?? '');
  const noFile = users.filter((user) => !files.read(inside(root, `${SECRETS}/${user.name}`))?.trim());
  const noLine = users.filter((user) => !env.get(user.passwordEnv));
  const lost = noLine.filter((user) => noFile.includes(user)).map((user) => user.name);
  if (lost.length > 0) throw new ProblemError(lostForGood([...new Set(lost)]));
  if (noLine.length > 0)
    throw new ProblemError(
      fromTheOther(ENV_FILE, `It lacks the passwords of ${names(noLine)}.`, `${SECRETS}/ has them`),
    );
  if (noFile.length > 0)
    throw new ProblemError(
      fromTheOther(`${SECRETS}/`, `It lacks the passwords of ${names(noFile)}.`, `${ENV_FILE} has them`),
    );
}

const names = (users: readonly { readonly name: string }[]): string =>
  [...new Set(users.map((user) => user.name))].join(', ');

function fromTheOther(at: string, message: string, there: string) {
  return problem(
    'secrets/half-lost',
    at,
    message,
    `Run create-redis-stack update: ${there}, and it is written again from there with the same passwords.`,
  );
}

function lostForGood(users: readonly string[]) {
  return problem(
    'secrets/lost',
    `${ENV_FILE} and ${SECRETS}/`,
    `The passwords of ${users.join(', ')} are in neither; running servers know only the old ones.`,
    'Bring the files back from a backup. Or take new passwords: `down`, then create-redis-stack update, then `up`. No data is lost, for the nodes read their users anew at each start; applications need the new passwords.',
  );
}

import type { StackModel } from '../../model/types.ts';
import { type Problem, ProblemError, problem } from '../../problem.ts';
import { openConnection } from '../../redis/connection.ts';
import { ENV_FILE, inside, SECRETS } from '../../workspace/paths.ts';
import { parseEnv, type SecretUser } from '../../workspace/secrets.ts';
import { credentialsOf } from '../credentials.ts';
import { readPasswords } from './secret-files.ts';
import { usersOf } from './servers.ts';
import type { RotateContext } from './types.ts';

/** Every user of a stack, each once. */
export function allUsers({ users, sentinel }: StackModel): readonly SecretUser[] {
  const all = [...users, ...(sentinel?.users ?? [])];
  return [...new Map(all.map((user) => [user.name, user])).values()];
}

/** The users that are asked for, or all. */
export function chooseUsers(model: StackModel, names: readonly string[] | undefined): readonly SecretUser[] {
  const all = allUsers(model);
  if (names === undefined) return all;
  const unknown = names.filter((name) => !all.some((user) => user.name === name));
  if (unknown.length > 0) throw new ProblemError(...unknown.map((name) => noSuchUser(name, all)));
  return all.filter(({ name }) => names.includes(name));
}

function noSuchUser(name: string, all: readonly SecretUser[]): Problem {
  return problem(
    'rotate/unknown-user',
    '--users',
    `'${name}' is no user of this stack.`,
    `Choose from ${all.map((user) => user.name).join(', ')}.`,
  );
}

/** The passwords of a user, present one first, and whether `.env` and its file have to be brought together. */
export interface Held {
  readonly user: SecretUser;
  readonly passwords: readonly string[];
  readonly differs: 'no' | '.env' | 'file';
}

/**
 * What `.env` and `.secrets/` hold for a user. Where they disagree the servers are asked, for the one that they accept is
 * the right one.
 */
export async function heldPasswords(ctx: RotateContext, user: SecretUser): Promise<Held> {
  const { files, root } = ctx;
  const lines = readPasswords(files, root, user);
  const [first] = lines;
  if (first === undefined) throw new ProblemError(noSecret(user));
  const inEnv = parseEnv(files.read(inside(root, ENV_FILE)) ?? '').get(user.passwordEnv);
  if (inEnv === first) return { user, passwords: lines, differs: 'no' };
  // Not written yet by a run that was cut off, or lost.
  if (!inEnv || lines.includes(inEnv)) return { user, passwords: lines, differs: '.env' };
  if (await isAccepted(ctx, user, first)) return { user, passwords: lines, differs: '.env' };
  if (await isAccepted(ctx, user, inEnv)) return { user, passwords: [inEnv], differs: 'file' };
  throw new ProblemError(neither(user));
}

/** Whether a server that knows the user takes the password; where none answers, it does not. */
async function isAccepted(ctx: RotateContext, user: SecretUser, password: string): Promise<boolean> {
  const { files, root, stack } = ctx;
  const { tls } = credentialsOf(files, root, 'admin', stack.placed);
  const login = { username: user.name, password, ...(tls ? { tls } : {}) };
  for (const node of stack.placed.nodes.filter((one) => usersOf(ctx, one).has(user.name))) {
    try {
      (await openConnection({ host: node.ip, port: node.port }, login)).close();
      return true;
    } catch (error) {
      if (/WRONGPASS/.test((error as Error).message)) return false;
    }
  }
  return false;
}

function noSecret({ name }: SecretUser): Problem {
  return problem(
    'rotate/no-secret',
    `${SECRETS}/${name}`,
    'It holds no password; servers could not start without it.',
    'Run create-redis-stack update: it writes the file again from .env.',
  );
}

function neither({ name, passwordEnv }: SecretUser): Problem {
  return problem(
    'rotate/unknown-password',
    passwordEnv,
    `${ENV_FILE} and ${SECRETS}/${name} hold different passwords, and the servers take neither.`,
    `Put the password that the servers know into both. Where nobody knows it: \`down\` and \`up\`, for a start takes the one in ${SECRETS}/${name}.`,
  );
}

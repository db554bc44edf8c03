import type { Change } from '../plan/types.ts';
import { ENV_FILE, SECRETS } from './paths.ts';

export interface SecretUser {
  readonly name: string;
  readonly passwordEnv: string;
}

/** Plain `KEY=value` lines of a `.env` file; quotes around a value are taken off. */
export function parseEnv(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1]) found.set(match[1], (match[2] ?? '').replace(/^(['"])(.*)\1$/, '$2'));
  }
  return found;
}

/** 256 random bits in letters that no shell, URL or configuration file minds. */
export function makePassword(randomBytes: (count: number) => Buffer): string {
  return randomBytes(32).toString('base64url');
}

/**
 * `.env` and `.secrets/<user>`: made once, completed where a user is new, never changed otherwise, never part of what
 * is stored as pristine.
 */
export function planSecrets(
  users: readonly SecretUser[],
  currentEnv: string | undefined,
  currentSecrets: ReadonlyMap<string, string>,
  randomBytes: (count: number) => Buffer,
): readonly Change[] {
  const known = parseEnv(currentEnv ?? '');
  const missing = users.filter((user) => !known.get(user.passwordEnv));
  const made = new Map(missing.map((user) => [user.passwordEnv, makePassword(randomBytes)]));
  const files = users
    .map((user) => ({
      path: `${SECRETS}/${user.name}`,
      text: `${made.get(user.passwordEnv) ?? known.get(user.passwordEnv)}\n`,
    }))
    .map(({ path, text }) => secretChange(path, currentSecrets.get(path), text, 0o644));
  return [secretChange(ENV_FILE, currentEnv, envText(currentEnv, missing, made), 0o600), ...files];
}

const HEADER = '# Passwords of this stack. Never commit this file.\n';

function envText(
  current: string | undefined,
  missing: readonly SecretUser[],
  made: ReadonlyMap<string, string>,
): string {
  const lines = missing.map((user) => `${user.passwordEnv}=${made.get(user.passwordEnv)}\n`).join('');
  if (current === undefined) return HEADER + lines;
  return current + (lines && !current.endsWith('\n') && current !== '' ? '\n' : '') + lines;
}

function secretChange(path: string, current: string | undefined, text: string, mode: number): Change {
  const base = { path, mode, ownership: 'secret' } as const;
  if (current === text) return { ...base, action: 'keep', reason: 'unchanged', because: 'unchanged' };
  return current === undefined
    ? { ...base, action: 'create', reason: 'secret', because: 'new passwords', text }
    : { ...base, action: 'update', reason: 'secret', because: 'passwords of new users', text };
}

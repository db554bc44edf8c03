import type { Change } from '../plan/types.ts';
import { CA_CERTIFICATE, ENV_FILE, SECRETS } from './paths.ts';

export interface SecretUser {
  readonly name: string;
  readonly passwordEnv: string;
}

/** Variables of `.env` that are no secrets; undefined where there shall be none. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** Plain `KEY=value` lines of a `.env` file; quotes around a value are taken off. */
export function parseEnv(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1]) found.set(match[1], (match[2] ?? '').replace(/^(['"])(.*)\1$/, '$2'));
  }
  return found;
}

/** The text of `.env` with this password of a user, in its line where there is one. */
export function withPassword(text: string, { passwordEnv: name }: SecretUser, password: string): string {
  const line = new RegExp(`^(\\s*(?:export\\s+)?${name}[ \\t]*=).*$`, 'm');
  if (line.test(text)) return text.replace(line, (_, start: string) => `${start}${password}`);
  return `${text === '' ? HEADER : text}${text === '' || text.endsWith('\n') ? '' : '\n'}${name}=${password}\n`;
}

/** 256 random bits in letters that no shell, URL or configuration file minds. */
export function makePassword(randomBytes: (count: number) => Buffer): string {
  return randomBytes(32).toString('base64url');
}

/**
 * `.env` and `.secrets/<user>`: made once, completed where a user is new, never changed otherwise, never part of what
 * is stored as pristine. Where one of the two is lost, it is made again from the other.
 */
export function planSecrets(
  users: readonly SecretUser[],
  envOnDisk: string | undefined,
  currentSecrets: ReadonlyMap<string, string>,
  randomBytes: (count: number) => Buffer,
  settings: Settings = {},
): readonly Change[] {
  const currentEnv = envOnDisk && broughtForward(users, envOnDisk, currentSecrets);
  const known = parseEnv(currentEnv ?? '');
  const missing = users.filter((user) => !known.get(user.passwordEnv));
  const held = (user: SecretUser) => firstLine(currentSecrets.get(`${SECRETS}/${user.name}`));
  const made = new Map(
    missing.map((user) => [user.passwordEnv, held(user) || makePassword(randomBytes)] as const),
  );
  const files = users.map((user) => {
    const path = `${SECRETS}/${user.name}`;
    const current = currentSecrets.get(path);
    const password = made.get(user.passwordEnv) ?? known.get(user.passwordEnv);
    // Below the password stand older ones that servers still accept.
    const text = current !== undefined && firstLine(current) === password ? current : `${password}\n`;
    return secretChange(path, current, text, 0o644);
  });
  const env = withSettings(envText(currentEnv, missing, made), settings);
  const change = secretChange(ENV_FILE, envOnDisk, env, 0o600);
  const moved = change.action === 'update' && missing.length === 0;
  return [moved ? { ...change, because: 'where the certificate authority is' } : change, ...files];
}

/** A password in `.env` that stands among the older ones of its file was replaced by a run that was then cut off. */
function broughtForward(
  users: readonly SecretUser[],
  env: string,
  secrets: ReadonlyMap<string, string>,
): string {
  const known = parseEnv(env);
  return users.reduce((text, user) => {
    const [first = '', ...older] = (secrets.get(`${SECRETS}/${user.name}`) ?? '').trim().split(/\r?\n/);
    const isOlder = older.includes(known.get(user.passwordEnv) ?? '');
    return isOlder ? withPassword(text, user, first) : text;
  }, env);
}

/** The password that a user has once the changes are applied. */
export function passwordAfter(
  changes: readonly Change[],
  currentSecrets: ReadonlyMap<string, string>,
  user: string,
): string {
  const path = `${SECRETS}/${user}`;
  return firstLine(changes.find((change) => change.path === path)?.text ?? currentSecrets.get(path));
}

/** A secret file that holds what others hold, in the shape that one program wants. */
export function planDerived(name: string, current: string | undefined, text: string): Change {
  return secretChange(`${SECRETS}/${name}`, current, text, 0o644);
}

function firstLine(text: string | undefined): string {
  return text?.split(/\r?\n/)[0] ?? '';
}

/**
 * A variable that is there stays, unless it names our own file: in a folder that the stack has left, or for a stack
 * that has no more use for it.
 */
function withSettings(text: string, settings: Settings): string {
  const known = parseEnv(text);
  return Object.entries(settings).reduce((env, [name, value]) => {
    const present = known.get(name);
    if (present === value) return env;
    if (present === undefined)
      return `${env}${env === '' || env.endsWith('\n') ? '' : '\n'}${name}=${value}\n`;
    if (!present.endsWith(`/${CA_CERTIFICATE}`)) return env;
    const line = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*(?:\\r?\\n|$)`, 'm');
    return env.replace(line, () => (value === undefined ? '' : `${name}=${value}\n`));
  }, text);
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

import { createHash } from 'node:crypto';
import type { UserFacts } from '../facts.ts';
import { COMMON_PASSWORDS } from './usual-passwords.ts';

/** `user app on #<SHA-256> ~* &* +@all (selector)`, one line a user. Hashes are judged here and go no further. */
export function usersOf(reply: unknown): readonly UserFacts[] | undefined {
  if (!Array.isArray(reply)) return undefined;
  const users = reply.map((line) => parse(String(line)));
  return users.map(({ hashes, ...user }) => ({
    ...user,
    passwords: hashes.length,
    weak: hashes.some((hash) => WEAK.has(hash) || ownName(user.name).includes(hash)),
    sharedWith: users
      .filter((other) => other.name !== user.name && other.hashes.some((hash) => hashes.includes(hash)))
      .map(({ name }) => name),
  }));
}

type Parsed = Omit<UserFacts, 'passwords' | 'weak' | 'sharedWith'> & { readonly hashes: readonly string[] };

function parse(line: string): Parsed {
  const [, name = '', rest = ''] = /^user (\S+) ?(.*)$/s.exec(line) ?? [];
  const selectors = [...rest.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) => inner);
  const words = rest
    .replace(/\([^)]*\)/g, '')
    .split(' ')
    .filter(Boolean);
  const inner = selectors.flatMap((selector) => selector.split(' ').filter(Boolean));
  const starting = (pattern: RegExp, among: readonly string[]) => among.filter((word) => pattern.test(word));
  return {
    name,
    on: words.includes('on'),
    nopass: words.includes('nopass'),
    hashes: starting(/^#/, words).map((word) => word.slice(1)),
    commands: [...starting(COMMAND, words), ...selectors.map((one) => `(${one})`)].join(' '),
    keys: [...new Set(starting(KEY, [...words, ...inner]))],
    channels: [...new Set(starting(/^&/, [...words, ...inner]))],
  };
}

const COMMAND = /^[+-]/;
const KEY = /^(~|%)/;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const WEAK: ReadonlySet<string> = new Set(COMMON_PASSWORDS.map(hashOf));

const ownName = (name: string): readonly string[] =>
  [name, name.toLowerCase(), `${name}123`, `${name}1234`, `${name}1`].map(hashOf);

import type { Facts, NodeFacts, UserFacts } from '../../facts.ts';

/** A command that not everybody should have, with the categories of ACLs that it is in. */
export interface Guarded {
  readonly name: string;
  readonly categories: readonly string[];
  /** What somebody can do who has it. */
  readonly does: string;
  /** `take`: all data, all rights, or other code. `lose`: data or service is gone. `stall`: nobody is served meanwhile. */
  readonly harm: 'take' | 'lose' | 'stall';
}

const ADMIN = ['admin', 'slow', 'dangerous'];
const WRITE = ['keyspace', 'write', 'slow', 'dangerous'];

/** Categories as COMMAND INFO gives them, the same in Redis 7.0 to 8.8 and Valkey 7.2 to 9.1. */
export const GUARDED: readonly Guarded[] = [
  { name: 'acl|setuser', categories: ADMIN, does: 'gives itself every right', harm: 'take' },
  { name: 'config|set', categories: ADMIN, does: 'changes every setting', harm: 'take' },
  { name: 'config|get', categories: ADMIN, does: 'shows the password of the replicas', harm: 'take' },
  { name: 'module|load', categories: ADMIN, does: 'runs other code', harm: 'take' },
  { name: 'debug', categories: ADMIN, does: 'stops the server or changes its memory', harm: 'lose' },
  { name: 'replicaof', categories: ADMIN, does: 'replaces all data by that of another server', harm: 'lose' },
  { name: 'shutdown', categories: ADMIN, does: 'stops the server', harm: 'lose' },
  { name: 'flushall', categories: WRITE, does: 'deletes all keys', harm: 'lose' },
  {
    name: 'flushdb',
    categories: WRITE,
    does: 'deletes all keys of a database',
    harm: 'lose',
  },
  {
    name: 'keys',
    categories: ['keyspace', 'read', 'slow', 'dangerous'],
    does: 'walks all keys at once',
    harm: 'stall',
  },
  { name: 'monitor', categories: ADMIN, does: 'shows what everybody does', harm: 'stall' },
];

/** Whether rules as ACL LIST prints them allow a command: those of the user, or those of one of its selectors. */
export function allows(rules: string, command: Pick<Guarded, 'name' | 'categories'>): boolean {
  const selectors = [...rules.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) => inner);
  return [rules.replace(/\([^)]*\)/g, ' '), ...selectors].some((one) => allowsIn(one, command));
}

/** In their order: the last rule that is about the command decides. */
function allowsIn(rules: string, command: Pick<Guarded, 'name' | 'categories'>): boolean {
  const verdicts = rules
    .toLowerCase()
    .split(/\s+/)
    .map((rule) => verdict(rule, command));
  return verdicts.findLast((one) => one !== undefined) ?? false;
}

function verdict(rule: string, { name, categories }: Pick<Guarded, 'name' | 'categories'>) {
  if (rule === 'allcommands') return true;
  if (rule === 'nocommands' || rule === 'reset') return false;
  const sign = rule.charAt(0);
  if (sign !== '+' && sign !== '-') return undefined;
  const what = rule.slice(1);
  const about = what.startsWith('@')
    ? what === '@all' || categories.includes(what.slice(1))
    : what === name || what === name.split('|')[0];
  return about ? sign === '+' : undefined;
}

export const guardedOf = (user: UserFacts): readonly Guarded[] =>
  GUARDED.filter((command) => allows(user.commands, command));

/** May do everything: people who run the servers need one such user. */
export const isAdministrator = (user: UserFacts): boolean =>
  ['acl|setuser', 'config|set', 'shutdown'].every((name) =>
    guardedOf(user).some((command) => command.name === name),
  );

const GET = { name: 'get', categories: ['read', 'string', 'fast'] };
const SET = { name: 'set', categories: ['write', 'string', 'slow'] };

/** Sees keys or changes them. */
export const reachesData = (user: UserFacts): boolean =>
  user.keys.length > 0 && [GET, SET].some((command) => allows(user.commands, command));

/** A user as it is on some of the nodes, under one name and with the same rights. */
export interface KnownUser extends UserFacts {
  readonly nodes: readonly NodeFacts[];
}

/** Users that are switched on, each once for the nodes on which it is the same. */
export function knownUsers({ nodes }: Facts): readonly KnownUser[] {
  const known = new Map<string, KnownUser>();
  for (const node of nodes) {
    for (const user of node.users ?? []) {
      if (!user.on) continue;
      const key = JSON.stringify(user);
      known.set(key, { ...user, nodes: [...(known.get(key)?.nodes ?? []), node] });
    }
  }
  return [...known.values()];
}

/** Users that have to say a password. */
export const withPassword = (facts: Facts): readonly KnownUser[] =>
  knownUsers(facts).filter(({ nopass, passwords }) => !nopass && passwords > 0);

/** Connections that have logged in as a user, over all nodes. */
export function connectionsOf({ nodes }: Facts, name: string): number {
  return nodes
    .flatMap((node) => node.clients?.groups ?? [])
    .filter(({ user }) => user === name)
    .reduce((sum, { count }) => sum + count, 0);
}

/** The line of ACL LIST, without passwords. */
export const aclLine = (user: UserFacts): string =>
  [
    `user ${user.name}`,
    user.on ? 'on' : 'off',
    ...(user.nopass ? ['nopass'] : []),
    ...user.keys,
    ...user.channels,
    user.commands,
  ].join(' ');

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Names of nodes, three at most. */
export function namesOf(nodes: readonly { readonly name: string }[]): string {
  const names = [...new Set(nodes.map(({ name }) => name))];
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

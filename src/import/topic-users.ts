import { RESERVED_USERS } from '../model/users.ts';
import { checkShape } from '../spec/parse.ts';
import type { SpecInput } from '../spec/schema.ts';
import { ALLOWANCES, type Allowance } from '../spec/types.ts';
import { isTree } from './read.ts';
import type { Reading } from './reading.ts';
import type { Account } from './types.ts';

type Security = NonNullable<SpecInput['security']>;
type User = NonNullable<Security['users']>[number];

/** Who may do what. Passwords are left where they are. */
export function readUsers(reading: Reading): Pick<Security, 'users' | 'allow'> {
  const open = 'Users always have passwords here; REDIS_URL in .env has what a client needs.';
  for (const key of ['auth.enabled', 'usePassword']) {
    const on = reading.flag(key, true);
    reading.say(
      key,
      on
        ? { verdict: 'default', why: 'Users always have passwords here.' }
        : { verdict: 'not-possible', why: open },
    );
  }
  const users = readAcl(reading);
  const allow = readDisabled(reading);
  return { ...(users.length > 0 ? { users } : {}), ...(allow.length > 0 ? { allow } : {}) };
}

const LISTED = 'auth.acl.users';

function readAcl(reading: Reading): readonly User[] & User[] {
  const on = reading.flag('auth.acl.enabled', false);
  const listed = reading.given(LISTED);
  reading.say('auth.acl.enabled', { verdict: 'default', why: 'Users are always ACL users here.' });
  if (listed === undefined) return [];
  if (!Array.isArray(listed)) {
    reading.object(
      LISTED,
      'The users are not a list.',
      'Write a list of mappings with username, keys and commands.',
    );
    return [];
  }
  if (!on) {
    reading.say(LISTED, { verdict: 'not-needed', why: 'Without effect: auth.acl.enabled is not true.' });
    return [];
  }
  const users: User[] = [];
  listed.forEach((item, i) => {
    const key = `${LISTED}.${i}`;
    const read = isTree(item) ? readUser(item, users) : 'It is not a mapping with a username.';
    if (typeof read !== 'string') users.push(read);
    reading.accounts.push(accountForUser(key, read));
  });
  return users;
}

function accountForUser(key: string, read: User | string): Account {
  if (typeof read === 'string') return { key, verdict: 'not-possible', why: read };
  return {
    key,
    verdict: 'taken',
    to: `security.users ${read.name} (${read.access}, ${(read.keys ?? []).join(' ')})`,
    why: `Commands by access; other rules are edited in conf/users.acl. Its password is made anew: REDIS_${read.name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_PASSWORD in .env.`,
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A user of the spec, or why it cannot be one. */
function readUser(item: Readonly<Record<string, unknown>>, before: readonly User[]): User | string {
  const name = text(item.username).toLowerCase();
  if ((RESERVED_USERS as readonly string[]).includes(name))
    return 'A user of this name is part of every stack; its rights are in conf/users.acl.';
  if (item.enabled === 'off' || item.enabled === false) return 'It is switched off.';
  if (before.some((user) => user.name.replaceAll('-', '_') === name.replaceAll('-', '_')))
    return 'There is one of this name already.';
  const keys = text(item.keys)
    .split(/\s+/)
    .filter((word) => /^(?:%[RW]+)?~/.test(word))
    .map((word) => word.replace(/^(?:%[RW]+)?~/, ''));
  const user: User = { name, access: accessOf(text(item.commands)), keys: keys.length > 0 ? keys : ['*'] };
  return checkShape({ security: { users: [user] } }).ok
    ? user
    : 'Its name or a key pattern cannot be in a spec: lower-case letters, digits, - and _ for the name, no blanks and quotes in patterns. Add it to conf/users.acl.';
}

/** Read-only where no rule gives more than reading. */
function accessOf(commands: string): 'readwrite' | 'readonly' {
  const given = commands.split(/\s+/).filter((word) => word.startsWith('+'));
  const reading = new Set(['+@read', '+@connection', '+ping', '+info', '+get', '+mget', '+exists', '+scan']);
  return given.length > 0 && given.every((word) => reading.has(word.toLowerCase()))
    ? 'readonly'
    : 'readwrite';
}

/** Commands that no application has here unless `security.allow` names them, in the charts' spelling. */
const NEVER = new Set([
  ...ALLOWANCES.map((name) => name.toUpperCase()),
  ...'ACL BGREWRITEAOF BGSAVE CLUSTER FAILOVER LATENCY MIGRATE MODULE MONITOR PSYNC REPLCONF REPLICAOF'.split(
    ' ',
  ),
  ...'RESTORE RESTORE-ASKING SAVE SHUTDOWN SLAVEOF SLOWLOG SORT SWAPDB SYNC'.split(' '),
]);

/** FLUSHDB and FLUSHALL are what the charts take away unless somebody says otherwise. */
function readDisabled(reading: Reading): Allowance[] {
  const key = `${reading.main}.disableCommands`;
  if (!reading.isCluster) sayOfReplicas(reading);
  const listed = reading.given(key);
  if (listed === undefined || reading.isCluster) return [];
  if (!Array.isArray(listed) || listed.some((name) => typeof name !== 'string')) {
    reading.object(key, 'The commands are not a list of names.', 'Write a list such as [FLUSHDB, FLUSHALL].');
    return [];
  }
  const disabled = listed.map((name) => String(name).toUpperCase());
  const allow = (['flushdb', 'flushall'] as const).filter((name) => !disabled.includes(name.toUpperCase()));
  const beyond = disabled.filter((name) => !NEVER.has(name));
  if (beyond.length > 0)
    reading.say(key, {
      verdict: 'not-possible',
      why: `The user app keeps ${beyond.slice(0, 5).join(', ').slice(0, 100)}: take it away in conf/users.acl, update keeps the edit. The others it has not.`,
    });
  else if (allow.length > 0)
    reading.take(key, 'security.allow', allow, 'The chart disables them unless the list leaves them out.');
  else
    reading.say(key, {
      verdict: 'not-needed',
      why: 'The user app has none of these, nor KEYS, CONFIG and DEBUG.',
    });
  return [...allow];
}

function sayOfReplicas(reading: Reading): void {
  reading.say('replica.disableCommands', {
    verdict: 'not-needed',
    why: `Users have the same rights on all nodes: see ${reading.main}.disableCommands.`,
  });
}

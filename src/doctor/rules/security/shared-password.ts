import type { Found, Rule } from '../../types.ts';
import { isAdministrator, listed, withPassword } from './acl.ts';

export const sharedPassword: Rule = {
  id: 'shared-password',
  group: 'security',
  severity: 'warning',
  title: 'Users that share a password',
  looksAt: ['ACL LIST: hashes of passwords'],
  why: 'Rights that are told apart by user mean nothing where one user knows the password of another: whoever has the lesser user has the greater as well.',
  fix: 'Give every user a password of its own.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/',
    'https://valkey.io/topics/acl/',
  ],
  find: (facts) => {
    const users = withPassword(facts);
    const told = new Set<string>();
    return users.flatMap((user): readonly Found[] => {
      const names = [user.name, ...user.sharedWith.filter((name) => users.some((one) => one.name === name))];
      const key = [...names].sort().join(' ');
      if (names.length < 2 || told.has(key)) return [];
      told.add(key);
      const strong = users.find((one) => names.includes(one.name) && isAdministrator(one));
      return [
        {
          severity: strong ? 'warning' : 'note',
          at: `user ${user.name}`,
          message: `${listed(names)} have the same password${strong ? `, and ${strong.name} may do everything` : ''}.`,
          evidence: names.map((name) => `user ${name}: the same hash`),
          remedy: facts.model
            ? 'Run `create-redis-stack rotate`: every user gets a password of its own.'
            : `Give each a password of its own: ACL SETUSER ${names[1]} '>new', move its clients, then take the shared one away.`,
        },
      ];
    });
  },
};

import type { Facts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { aclLine, guardedOf, type KnownUser, knownUsers, listed, namesOf, reachesData } from './acl.ts';

/** Whom replicas log in as, to the setting that says so; the default user is no name that anybody chose. */
function logins({ nodes }: Facts): ReadonlyMap<string, string> {
  const given = nodes.flatMap((node) =>
    ['primaryuser', 'masteruser'].map((name) => [setting(node, name) ?? '', name] as const),
  );
  return new Map(given.filter(([user]) => user !== '' && user !== 'default'));
}

function excess(user: KnownUser): readonly string[] {
  const calls = guardedOf(user).map(({ name }) => name.toUpperCase().replace('|', ' '));
  return [
    ...(reachesData(user) ? ['read and change keys'] : []),
    ...(calls.length > 0 ? [`call ${listed(calls.slice(0, 3))}${calls.length > 3 ? ' and more' : ''}`] : []),
  ];
}

export const replicationUser: Rule = {
  id: 'replication-user-too-strong',
  group: 'security',
  severity: 'note',
  title: 'Replicas that log in with more rights than they need',
  looksAt: ['CONFIG GET masteruser (primaryuser)', 'ACL LIST'],
  why: 'The password of this user stands in the configuration of every node. It needs three commands and no key; a copy of all data is what it gets by them, but nothing that changes or deletes any.',
  fix: 'Leave it +psync +replconf +ping.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/',
    'https://valkey.io/topics/acl/',
  ],
  find: (facts) => {
    const used = logins(facts);
    return knownUsers(facts)
      .filter(({ name }) => used.has(name))
      .flatMap((user) => {
        const more = excess(user);
        if (more.length === 0) return [];
        return [
          {
            at: `user ${user.name}`,
            message: `Replicas log in as ${user.name}, which may also ${listed(more)}.`,
            evidence: [`${used.get(user.name)}:${user.name}`, aclLine(user), `on ${namesOf(user.nodes)}`],
            remedy: `ACL SETUSER ${user.name} resetkeys resetchannels -@all +psync +replconf +ping, on every node. Where Sentinels or applications use it as well, give them users of their own first.`,
          },
        ];
      });
  },
};

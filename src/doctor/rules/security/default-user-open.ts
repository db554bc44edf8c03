import { compareLines } from '../../../engines/releases.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { aclLine, guardedOf, reachesData } from './acl.ts';
import { isExposed } from './reach.ts';

/** What shows that whoever connects may work without a password; undefined where nothing does. */
function openness(node: NodeFacts): string | undefined {
  const user = node.users?.find(({ name }) => name === 'default');
  if (user) {
    const open = user.on && user.nopass && (reachesData(user) || guardedOf(user).length > 0);
    return open ? aclLine(user) : undefined;
  }
  // Before ACLs there was one password for all, or none.
  const old = node.software?.name === 'redis' && compareLines(node.software.version, '6.0') < 0;
  return old && node.settings?.requirepass === '' ? 'requirepass:' : undefined;
}

function judged(node: NodeFacts, evidence: string): Found {
  const guard = setting(node, 'protected-mode');
  const exposed = isExposed(node) && guard !== 'yes';
  return {
    severity: exposed ? 'error' : 'warning',
    at: node.name,
    message: exposed
      ? 'Everybody who reaches the port may read, change and delete all data: the user default has no password.'
      : 'Every process of this machine may read, change and delete all data: the user default has no password.',
    evidence: [
      evidence,
      ...['bind', 'protected-mode'].flatMap((name) => {
        const value = setting(node, name);
        return value === undefined ? [] : [`${name}:${value}`];
      }),
    ],
    remedy:
      'Give each application a user of its own with a password (ACL SETUSER), then switch this one off with ACL SETUSER default off. Until then a password (CONFIG SET requirepass) keeps strangers out.',
    fixes:
      exposed && guard === 'no'
        ? [
            {
              kind: 'command',
              at: node.name,
              words: ['CONFIG', 'SET', 'protected-mode', 'yes'],
              live: false,
              effect: 'The server answers this machine alone until default has a password or is off.',
            },
          ]
        : [],
  };
}

export const defaultUserOpen: Rule = {
  id: 'default-user-open',
  group: 'security',
  severity: 'error',
  title: 'A default user without a password',
  looksAt: ['ACL LIST: user default', 'CONFIG GET bind, protected-mode, requirepass'],
  why: 'Every connection starts as the user default. Without a password whoever reaches the port has all data, and through CONFIG, MODULE or REPLICAOF often the machine as well. Open servers are found within hours.',
  fix: 'Switch the user default off and give every application a user with a password.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    'https://valkey.io/topics/security/',
  ],
  find: ({ nodes }: Facts) =>
    nodes.flatMap((node) => {
      const evidence = openness(node);
      return evidence === undefined ? [] : [judged(node, evidence)];
    }),
};

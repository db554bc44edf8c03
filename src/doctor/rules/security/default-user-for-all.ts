import type { Rule } from '../../types.ts';
import { aclLine, connectionsOf } from './acl.ts';

export const defaultUserForAll: Rule = {
  id: 'default-user-for-all',
  group: 'security',
  severity: 'note',
  title: 'One password for everybody',
  looksAt: ['ACL LIST', 'CLIENT LIST: user'],
  why: 'With requirepass alone every client is the same user and may do everything. Nobody can be kept from FLUSHALL, no password can be changed for one application, and ACL LOG cannot say who it was.',
  fix: 'Give each application a user of its own and switch the user default off.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/',
    'https://valkey.io/topics/acl/',
  ],
  find: (facts) =>
    facts.nodes.flatMap((node) => {
      const on = node.users?.filter((user) => user.on) ?? [];
      const [only] = on;
      if (on.length !== 1 || only?.name !== 'default' || only.nopass) return [];
      const connections = connectionsOf({ ...facts, nodes: [node] }, 'default');
      return [
        {
          at: node.name,
          message: `There is no user but default: all clients${connections > 0 ? ` (${connections} now)` : ''} share one password and may do everything that it may.`,
          evidence: [aclLine(only)],
          remedy:
            "Add a user for each application (ACL SETUSER app on '>password' '~*' '&*' +@all -@admin -@dangerous), move the applications, then ACL SETUSER default off.",
        },
      ];
    }),
};

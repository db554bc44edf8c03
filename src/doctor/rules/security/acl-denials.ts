import type { Facts, NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many } from '../../words.ts';

/** Below, it may have been somebody who mistyped. */
const LEAST_LOGINS = 20;
const LEAST_COMMANDS = 100;

const COMMANDS = ['cmd', 'key', 'channel'] as const;
const field = (kind: string): string => `acl_access_denied_${kind}`;

function logins(node: NodeFacts): readonly Found[] {
  const failed = number(node.info, field('auth')) ?? 0;
  const perSecond = node.perSecond?.[field('auth')] ?? 0;
  if (failed < LEAST_LOGINS) return [];
  return [
    {
      severity: perSecond > 0 ? 'warning' : 'note',
      at: node.name,
      message:
        perSecond > 0
          ? `Logins fail at this moment, ${count(failed)} so far: a client with an old password, or somebody who tries passwords.`
          : `${many(failed, 'login')} failed since the server started.`,
      evidence: [
        `${field('auth')}:${failed}`,
        ...(perSecond > 0 ? [`${perSecond.toFixed(1)} a second`] : []),
      ],
      remedy: 'ACL LOG says who and from where. Correct the client, or close the port to that address.',
    },
  ];
}

/** Questions of this look that were refused are counted as well. */
function commands(facts: Facts, node: NodeFacts): readonly Found[] {
  const values = COMMANDS.map((kind) => ({ kind, denied: number(node.info, field(kind)) ?? 0 }));
  const denied = values.reduce((sum, one) => sum + one.denied, 0) - facts.unseen.length;
  if (denied < LEAST_COMMANDS) return [];
  return [
    {
      severity: 'note',
      at: node.name,
      message: `${many(denied, 'call')} ${denied === 1 ? 'was' : 'were'} refused since the server started, because the user may not do that.`,
      evidence: values.filter((one) => one.denied > 0).map((one) => `${field(one.kind)}:${one.denied}`),
      remedy:
        'ACL LOG says which user asked for what. Give it the right where the application needs it, or mend the application.',
    },
  ];
}

export const aclDenials: Rule = {
  id: 'acl-denials',
  group: 'security',
  severity: 'warning',
  title: 'Logins and calls that are refused',
  looksAt: ['INFO stats: acl_access_denied_auth, _cmd, _key, _channel, and their growth'],
  why: 'Failed logins are a client that was forgotten when a password changed, or somebody who guesses. Refused calls are an application that does not do what it should, mostly without telling anybody.',
  fix: 'Read ACL LOG; it names user, command or key, and the client.',
  sources: [
    'https://redis.io/docs/latest/commands/acl-log/',
    'https://redis.io/docs/latest/commands/info/',
    'https://valkey.io/commands/info/',
  ],
  find: (facts) => facts.nodes.flatMap((node) => [...logins(node), ...commands(facts, node)]),
};

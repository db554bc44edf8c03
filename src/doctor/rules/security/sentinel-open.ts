import type { Rule } from '../../types.ts';
import { reachOf } from './reach.ts';

export const sentinelOpen: Rule = {
  id: 'sentinel-open',
  group: 'security',
  severity: 'error',
  title: 'Sentinels without a password',
  looksAt: ['whether a Sentinel answers without a login'],
  why: 'A Sentinel decides who is primary. Without a password whoever reaches it may start failovers, point it at a server of theirs (SENTINEL MONITOR), and learn where all nodes are; clients follow.',
  fix: 'Give Sentinels users or requirepass of their own, and tell clients and the other Sentinels (sentinel sentinel-user, sentinel-pass).',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/',
    'https://valkey.io/topics/sentinel/',
  ],
  find: ({ sentinels }) =>
    sentinels
      .filter(({ open }) => open === true)
      .map(({ at, name }) => {
        const near = reachOf(at.host) === 'loopback';
        return {
          severity: near ? ('warning' as const) : ('error' as const),
          at: name,
          message: `${near ? 'Every process of this machine' : 'Everybody who reaches it'} may start failovers and choose another primary: this Sentinel asks for no password.`,
          evidence: [`${name} answers without AUTH`],
          remedy:
            'Set requirepass, or users with an aclfile, in sentinel.conf of all Sentinels, with sentinel sentinel-pass so that they reach one another, and give clients the password.',
        };
      }),
};

import { setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { listed } from './acl.ts';

/** What each opens. Since Redis 7.0 all three are `no` unless somebody changes them. */
const GUARDS = {
  'enable-debug-command': 'DEBUG, which stops or crashes the server',
  'enable-module-command': 'MODULE, which runs any library',
  'enable-protected-configs': 'CONFIG SET dir and dbfilename, which write any file',
} as const;

type Guard = keyof typeof GUARDS;

export const commandGuardsOff: Rule = {
  id: 'command-guards-off',
  group: 'security',
  severity: 'warning',
  title: 'Guards against taking over the machine that are off',
  looksAt: ['CONFIG GET enable-debug-command, enable-module-command, enable-protected-configs'],
  why: 'These commands turn access to the server into access to its machine. They are refused by default, also to users with every right, and yes lets them through from everywhere.',
  fix: 'Leave them at no; local opens them to this machine alone.',
  sources: [
    'https://raw.githubusercontent.com/redis/redis/7.0/redis.conf',
    'https://valkey.io/topics/security/',
  ],
  find: ({ nodes }) =>
    nodes.flatMap((node) => {
      const off = (Object.keys(GUARDS) as Guard[]).flatMap((name) => {
        const value = setting(node, name);
        return value === 'yes' || value === 'local' ? [{ name, value }] : [];
      });
      if (off.length === 0) return [];
      const everywhere = off.some(({ value }) => value === 'yes');
      return [
        {
          severity: everywhere ? ('warning' as const) : ('note' as const),
          at: node.name,
          message: `${everywhere ? 'Connections from everywhere' : 'Connections from this machine'} may call ${listed(off.map(({ name }) => GUARDS[name]))}.`,
          evidence: off.map(({ name, value }) => `${name}:${value}`),
          remedy: `Take ${listed(off.map(({ name }) => name))} out of the configuration file and restart the server; they cannot be changed while it runs.`,
        },
      ];
    }),
};

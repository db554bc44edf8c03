import { describe, expect, it } from 'vitest';
import { usersOf } from '../../src/doctor/look/read-users.ts';
import { allows, GUARDED } from '../../src/doctor/rules/security/acl.ts';
import { extremes } from '../support/matrix.ts';
import { startServer } from '../support/servers.ts';

/** What users are given; the server prints it in its own order and words. */
const RULES = [
  '+@all',
  '-@all',
  '+@all -@dangerous',
  '+@all -@admin -@dangerous -function +function|list +info',
  '+@all -@dangerous +flushall',
  '+@all -flushall -flushdb -config',
  '+@all -config|set',
  '+@read +@write',
  '+@read +@write -@dangerous +keys',
  '+@admin',
  '+@dangerous -@admin',
  '+config|get +acl|whoami +client|setname',
  '+acl +config -config|set',
  '+@all -@admin +shutdown +config|set',
  '-@all +psync +replconf +ping',
  '+@keyspace -keys',
  'allcommands -@slow',
];

/** Arguments with which DRYRUN finds nothing else to refuse. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  'acl|setuser': ['acl', 'setuser', 'x'],
  'config|set': ['config', 'set', 'hz', '10'],
  'config|get': ['config', 'get', 'hz'],
  'module|load': ['module', 'load', '/x.so'],
  debug: ['debug', 'sleep', '0'],
  replicaof: ['replicaof', 'no', 'one'],
  keys: ['keys', '*'],
};

describe.each(extremes().map((engine) => [`${engine.name} ${engine.version}`, engine] as const))(
  'rules are read as %s reads them',
  (_, engine) => {
    it('each guarded command, for each set of rules and for one in a selector', async () => {
      await using server = await startServer({ engine });
      for (const [i, rules] of [...RULES, `-@all (~* +@all -@dangerous +flushdb)`].entries()) {
        const name = `user-${i}`;
        const words = rules.startsWith('-@all (') ? [rules.slice(6)] : rules.split(' ');
        await server.cli('ACL', 'SETUSER', name, 'on', 'nopass', '~*', '&*', ...words);
        const users = usersOf((await server.cli('ACL', 'LIST')).split('\n'));
        const printed = users?.find((user) => user.name === name)?.commands ?? 'nobody';
        for (const command of GUARDED) {
          const said = await server.cli('ACL', 'DRYRUN', name, ...(WORDS[command.name] ?? [command.name]));
          expect([rules, command.name, allows(printed, command)]).toEqual([
            rules,
            command.name,
            said === 'OK',
          ]);
        }
      }
    });
  },
);

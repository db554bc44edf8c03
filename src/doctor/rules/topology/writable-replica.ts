import { replicas, setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';

export const writableReplica: Rule = {
  id: 'writable-replica',
  group: 'topology',
  severity: 'warning',
  title: 'A replica that takes writes',
  looksAt: ['CONFIG GET replica-read-only', 'INFO slave_read_only'],
  why: 'What is written there is on no other node and vanishes with the next full copy. Until then the replica answers with data that the primary does not have.',
  fix: 'Set replica-read-only to yes and write to the primary.',
  sources: ['https://valkey.io/topics/replication'],
  find: (facts) =>
    replicas(facts)
      .filter((node) => setting(node, 'replica-read-only') === 'no' || node.info?.slave_read_only === '0')
      .map((node) => ({
        at: node.name,
        message: 'It takes writes that no other node gets and that the next full copy removes.',
        evidence: ['replica-read-only=no'],
        remedy:
          '`CONFIG SET replica-read-only yes`; a client that writes here then gets an error and must go to the primary.',
        fixes: [
          {
            kind: 'command',
            at: node.name,
            words: ['CONFIG', 'SET', 'replica-read-only', 'yes'],
            // A client that writes here on purpose would fail.
            live: false,
            effect: 'Writes to this replica are refused.',
          },
        ],
      })),
};

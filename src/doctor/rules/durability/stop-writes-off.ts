import { primaries, setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { logs, mustLast, savePoints } from './persistence.ts';

export const stopWritesOff: Rule = {
  id: 'stop-writes-off',
  group: 'durability',
  severity: 'warning',
  title: 'Snapshots that may fail unnoticed',
  looksAt: ['CONFIG GET stop-writes-on-bgsave-error, save, appendonly'],
  why: 'When the disk is full the server goes on, nobody notices, and weeks later a restart brings back old data.',
  fix: 'Set stop-writes-on-bgsave-error to yes, or alert on rdb_last_bgsave_status.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/commands/info'],
  find: (facts) =>
    primaries(facts)
      .filter(
        (node) =>
          mustLast(facts) &&
          setting(node, 'stop-writes-on-bgsave-error') === 'no' &&
          (savePoints(node) ?? []).length > 0,
      )
      .map((node) => ({
        // With a log of every write snapshots are the second copy.
        severity: logs(node) === false ? 'warning' : 'note',
        at: node.name,
        message: 'When a snapshot fails the server goes on as if nothing had happened.',
        evidence: ['stop-writes-on-bgsave-error=no', `save=${setting(node, 'save')}`],
        remedy:
          'Alert on rdb_last_bgsave_status, or `CONFIG SET stop-writes-on-bgsave-error yes`, which refuses writes once a snapshot has failed.',
        fixes: [
          {
            kind: 'command',
            at: node.name,
            words: ['CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes'],
            // If the last one has failed, writes are refused from that moment.
            live: node.info?.rdb_last_bgsave_status === 'ok',
            effect: 'Writes are refused while snapshots fail.',
          },
        ],
      })),
};

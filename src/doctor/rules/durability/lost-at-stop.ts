import { primaries, setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { logs, savePoints } from './persistence.ts';

export const lostAtStop: Rule = {
  id: 'lost-at-stop',
  group: 'durability',
  severity: 'warning',
  title: 'A planned stop that loses data',
  looksAt: ['CONFIG GET shutdown-on-sigterm, shutdown-on-sigint, save, appendonly'],
  why: 'With nosave a server that is told to stop leaves without a last snapshot: every restart and every update goes back to the one before.',
  fix: 'Set shutdown-on-sigterm to default.',
  sources: ['https://valkey.io/commands/shutdown', 'https://valkey.io/topics/persistence'],
  find: (facts) =>
    primaries(facts)
      .filter((node) => logs(node) === false && (savePoints(node) ?? []).length > 0)
      .filter((node) => setting(node, 'shutdown-on-sigterm')?.includes('nosave'))
      .map((node) => ({
        at: node.name,
        message:
          'It writes snapshots, but none when it is stopped: each restart loses what came after the last one.',
        evidence: [
          `shutdown-on-sigterm=${setting(node, 'shutdown-on-sigterm')}`,
          `save=${setting(node, 'save')}`,
          `rdb_changes_since_last_save:${node.info?.rdb_changes_since_last_save ?? 'unknown'}`,
        ],
        remedy: '`CONFIG SET shutdown-on-sigterm default`, and take it out of the configuration file.',
        fixes: [
          {
            kind: 'command',
            at: node.name,
            words: ['CONFIG', 'SET', 'shutdown-on-sigterm', 'default'],
            live: true,
            effect: 'A stop writes a snapshot first.',
          },
        ],
      })),
};

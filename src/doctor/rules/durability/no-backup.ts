import type { Rule } from '../../types.ts';
import { mustLast } from './persistence.ts';

export const noBackup: Rule = {
  id: 'no-backup',
  group: 'durability',
  severity: 'note',
  title: 'Data that matters without a backup',
  looksAt: ['workload and backup of redis-stack.yaml'],
  why: 'Replicas and files on disk follow every mistake within a second: a FLUSHALL, a bad release, a broken disk with the log on it.',
  fix: 'Set `backup` in redis-stack.yaml: a job copies the data away and throws old copies out. Try a restore.',
  sources: ['https://valkey.io/topics/persistence'],
  find: (facts) => {
    const { model } = facts;
    if (!model || model.backup.scheduled || !mustLast(facts)) return [];
    return [
      {
        at: 'backup',
        message: `It is for ${model.spec.workload.join(' and ')}, and no job copies the data away.`,
        evidence: ['backup: not set', `workload: ${model.spec.workload.join(', ')}`],
        remedy:
          'Set backup.every, such as 24h, and backup.to; or run `create-redis-stack backup` from a job of your own.',
        fixes: [
          {
            kind: 'spec',
            path: 'backup.every',
            value: '24h',
            effect: 'A copy a day, of which a week is kept.',
          },
        ],
      },
    ];
  },
};

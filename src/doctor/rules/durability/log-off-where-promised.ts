import type { StackModel } from '../../../model/types.ts';
import type { NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs, savePoints } from './persistence.ts';

export const logOffWherePromised: Rule = {
  id: 'log-off-where-promised',
  group: 'durability',
  severity: 'error',
  title: 'Persistence that was decided and is off',
  looksAt: ['persistence.mode of redis-stack.yaml', 'INFO aof_enabled', 'CONFIG GET save'],
  why: 'Everybody relies on the file that says what survives a restart. What was written since it was switched off does not.',
  fix: 'Switch it on while the server runs: it then writes its memory to the disk. A restart would load the old files instead.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/commands/config-set'],
  find: ({ model, source, nodes }) =>
    !model || source === 'spec'
      ? []
      : nodes.flatMap((node) => [...log(node, model), ...snapshots(node, model)]),
};

function log(node: NodeFacts, { spec }: StackModel): readonly Found[] {
  const { mode } = spec.persistence;
  if ((mode !== 'aof' && mode !== 'hybrid') || logs(node) !== false) return [];
  return [
    {
      at: node.name,
      message: `redis-stack.yaml says ${mode}, and the append-only file is off: a restart brings back older data.`,
      evidence: [`persistence.mode: ${mode}`, 'aof_enabled:0'],
      remedy:
        'Do not restart it. `CONFIG SET appendonly yes` writes all data to a new file in the background.',
      fixes: [set(node, 'appendonly', 'yes', 'Writes are logged again, beginning with a copy of all data.')],
    },
  ];
}

function snapshots(node: NodeFacts, { spec, directives }: StackModel): readonly Found[] {
  const { mode } = spec.persistence;
  const wanted = directives.find(({ name }) => name === 'save')?.args.join(' ') ?? '';
  if ((mode !== 'rdb' && mode !== 'hybrid') || savePoints(node)?.length !== 0) return [];
  return [
    {
      severity: mode === 'rdb' ? 'error' : 'warning',
      at: node.name,
      message: `redis-stack.yaml says ${mode}, and no snapshots are written${mode === 'rdb' ? ': nothing survives a crash' : ''}.`,
      evidence: [`persistence.mode: ${mode}`, 'save=""'],
      remedy: `\`CONFIG SET save "${wanted}"\`, as conf/redis.conf has it.`,
      fixes: [set(node, 'save', wanted, 'Snapshots are written again in the background.')],
    },
  ];
}

const set = (node: NodeFacts, name: string, value: string, effect: string) =>
  ({ kind: 'command', at: node.name, words: ['CONFIG', 'SET', name, value], live: true, effect }) as const;

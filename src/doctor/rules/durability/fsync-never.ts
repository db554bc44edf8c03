import type { Facts, NodeFacts } from '../../facts.ts';
import { primaries, setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { logs, mustLast } from './persistence.ts';

export const fsyncNever: Rule = {
  id: 'fsync-never',
  group: 'durability',
  severity: 'warning',
  title: 'A log that reaches the disk when the kernel likes',
  looksAt: ['CONFIG GET appendfsync, no-appendfsync-on-rewrite, appendonly'],
  why: 'Linux writes within about 30 seconds. Until then a crash of the machine loses what clients were told is done.',
  fix: 'Set appendfsync to everysec, which costs little.',
  sources: ['https://valkey.io/topics/persistence', 'https://valkey.io/topics/latency'],
  find: (facts) => {
    const found = primaries(facts).flatMap((node) => (logs(node) ? judge(facts, node) : []));
    // What the spec decides is one decision for all nodes.
    return found.filter(({ at }, i) => found.findIndex((one) => one.at === at) === i);
  },
};

function judge(facts: Facts, node: NodeFacts): readonly Found[] {
  const lasting = mustLast(facts);
  if (setting(node, 'appendfsync') === 'no') return [never(facts, node, lasting)];
  if (setting(node, 'no-appendfsync-on-rewrite') !== 'yes' || !lasting) return [];
  return [
    {
      severity: 'note',
      at: node.name,
      message:
        'While the log is rewritten or a snapshot is saved, writes reach the disk when the kernel likes, within about 30 s.',
      evidence: ['no-appendfsync-on-rewrite=yes'],
      remedy: 'Set no-appendfsync-on-rewrite to no, unless the disk is too slow for both.',
      fixes: [
        {
          kind: 'command',
          at: node.name,
          words: ['CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'no'],
          live: true,
          effect: 'The log reaches the disk every second also during a rewrite.',
        },
      ],
    },
  ];
}

function never(facts: Facts, node: NodeFacts, lasting: boolean): Found {
  const effect = 'At most about a second of writes is at risk when the machine is lost.';
  return {
    severity: lasting ? 'warning' : 'note',
    at: facts.model ? 'persistence.appendfsync' : node.name,
    message:
      'Writes reach the disk when the kernel likes, within about 30 s; a crash of the machine loses them.',
    evidence: ['appendfsync=no'],
    remedy: facts.model ? 'Set persistence.appendfsync to everysec.' : 'Set appendfsync to everysec.',
    fixes: [
      facts.model
        ? { kind: 'spec', path: 'persistence.appendfsync', value: 'everysec', effect }
        : {
            kind: 'command',
            at: node.name,
            words: ['CONFIG', 'SET', 'appendfsync', 'everysec'],
            live: true,
            effect,
          },
    ],
  };
}

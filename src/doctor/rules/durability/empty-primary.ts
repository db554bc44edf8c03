import type { NodeFacts } from '../../facts.ts';
import { isCache, primaries } from '../../read-facts.ts';
import type { Fix, Rule } from '../../types.ts';
import { followersOf, replicasOf } from '../topology/members.ts';
import { persists } from './persistence.ts';

export const emptyPrimary: Rule = {
  id: 'empty-primary',
  group: 'durability',
  severity: 'warning',
  title: 'A primary that would empty its replicas',
  looksAt: ['CONFIG GET save, appendonly', 'INFO connected_slaves'],
  why: 'A primary without persistence that is restarted at once comes back empty, faster than anybody fails over, and its replicas copy the emptiness.',
  fix: 'Switch persistence on at least on primaries, or keep them from restarting by themselves.',
  sources: ['https://valkey.io/topics/replication'],
  find: (facts) => {
    // Nodes of a stack of ours do not start empty while peers hold keys.
    if (facts.model) return [];
    const found = primaries(facts)
      .filter((node) => persists(node) === false)
      .map((node) => ({ node, replicas: Math.max(followersOf(node).length, replicasOf(facts, node).length) }))
      .filter(({ replicas }) => replicas > 0);
    const [first] = found;
    if (!first) return [];
    const one = found.length === 1;
    const { replicas } = first;
    return [
      {
        severity: isCache(facts) ? 'note' : 'warning',
        at: one ? first.node.name : facts.asked,
        message: one
          ? `It keeps nothing on disk and has ${replicas === 1 ? 'a replica' : `${replicas} replicas`}: if it is restarted before a failover, it comes back empty, and so does every copy.`
          : `${found.length} primaries keep nothing on disk and have replicas: one that is restarted before a failover comes back empty, and so does every copy.`,
        evidence: found.map(
          ({ node, replicas: n }) =>
            `${node.name}: save="" appendonly=no connected_slaves:${node.info?.connected_slaves ?? n}`,
        ),
        remedy:
          '`CONFIG SET save "3600 1 300 100"` on every node, or switch off automatic restarts (systemd Restart=no, restart: "no" in Compose).',
        fixes: facts.nodes.filter((node) => persists(node) === false).map(saving),
      },
    ];
  },
};

const saving = ({ name }: NodeFacts): Fix => ({
  kind: 'command',
  at: name,
  words: ['CONFIG', 'SET', 'save', '3600 1 300 100'],
  // Saves fork and write to a disk that nobody planned for.
  live: false,
  effect: 'A snapshot is written after an hour with a change, or five minutes with 100.',
});

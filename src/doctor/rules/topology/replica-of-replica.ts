import { replicas } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { followed } from './members.ts';

export const replicaOfReplica: Rule = {
  id: 'replica-of-replica',
  group: 'topology',
  severity: 'warning',
  title: 'A replica that follows a replica',
  looksAt: ['INFO master_host, master_port, role'],
  why: 'It is behind by what both links are behind, it stops when the one in the middle does, and Sentinel does not know it.',
  fix: 'Let it follow the primary, unless it spares a primary with very many replicas.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/topics/sentinel'],
  find: (facts) =>
    replicas(facts).flatMap((node) => {
      const middle = followed(facts, node);
      const top = middle?.role === 'replica' ? followed(facts, middle) : undefined;
      if (middle?.role !== 'replica' || middle === node) return [];
      return [
        {
          severity: facts.sentinels.length > 0 ? 'warning' : 'note',
          at: node.name,
          message: `It follows ${middle.name}, itself a replica${top ? ` of ${top.name}` : ''}.`,
          evidence: [
            `${node.name}: master_host:${node.info?.master_host} master_port:${node.info?.master_port}`,
            `${middle.name}: role:slave`,
          ],
          remedy: top
            ? `\`REPLICAOF ${top.at.host} ${top.at.port}\` on it.`
            : '`REPLICAOF <host> <port>` of the primary on it.',
        },
      ];
    }),
};

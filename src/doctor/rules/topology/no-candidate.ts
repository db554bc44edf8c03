import { primaries, setting } from '../../read-facts.ts';
import type { Rule } from '../../types.ts';
import { isCluster, replicasOf } from './members.ts';

export const noCandidate: Rule = {
  id: 'no-candidate',
  group: 'topology',
  severity: 'warning',
  title: 'Replicas of which none may take over',
  looksAt: ['CONFIG GET replica-priority, cluster-replica-no-failover'],
  why: 'A replica with priority 0 is never chosen by Sentinel, one with cluster-replica-no-failover never offers itself. With all of them so, the primary is lost for good.',
  fix: 'Let at least one replica on a machine of its own take over.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/cluster-tutorial'],
  find: (facts) => {
    const [name, barred] = isCluster(facts)
      ? (['cluster-replica-no-failover', 'yes'] as const)
      : (['replica-priority', '0'] as const);
    if (!isCluster(facts) && facts.sentinels.length === 0) return [];
    return primaries(facts).flatMap((primary) => {
      const replicas = replicasOf(facts, primary);
      if (replicas.length === 0 || !replicas.every((node) => setting(node, name) === barred)) return [];
      return [
        {
          at: primary.name,
          message: `${replicas.length === 1 ? 'Its only replica may not' : `None of its ${replicas.length} replicas may`} take over when it is lost.`,
          evidence: replicas.map((node) => `${node.name}: ${name}=${barred}`),
          remedy: `\`CONFIG SET ${name} ${barred === 'yes' ? 'no' : '100'}\` on the replica that is to take over.`,
        },
      ];
    });
  },
};

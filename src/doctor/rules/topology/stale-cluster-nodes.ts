import { place } from '../../../redis/ask.ts';
import type { Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { clusterView } from './members.ts';

const GONE = ['fail', 'noaddr', 'handshake'];

export const staleClusterNodes: Rule = {
  id: 'stale-cluster-nodes',
  group: 'topology',
  severity: 'warning',
  title: 'Cluster members that are gone',
  looksAt: ['CLUSTER NODES flags'],
  why: 'The others go on dialling them and telling clients of them, and a replica that is gone protects nothing.',
  fix: 'Bring the node back, or `CLUSTER FORGET <id>` on every other node within a minute.',
  sources: ['https://valkey.io/commands/cluster-forget', 'https://valkey.io/commands/cluster-nodes'],
  find: (facts) => {
    const view = clusterView(facts);
    // A failed primary that still owns slots is the finding of another rule.
    const gone = (view?.cluster.nodes ?? []).filter(
      ({ flags, slots }) => slots === 0 && flags.some((flag) => GONE.includes(flag)),
    );
    if (!view || facts.source === 'spec' || gone.length === 0) return [];
    return [
      {
        at: view.node.name,
        message: `${many(gone.length, 'member')} of the cluster ${gone.length === 1 ? 'is' : 'are'} gone: ${inWords(gone.map(({ at, id }) => (at.host ? place(at) : id)))}.`,
        evidence: gone.map(({ id, at, flags }) => `${id} ${place(at)} flags=${flags.join(',')}`),
        remedy: `Start it again. If it is gone for good: \`redis-cli --cluster call ${view.node.at.host}:${view.node.at.port} cluster forget <id>\` for ${inWords(gone.map(({ id }) => id))}.`,
      },
    ];
  },
};

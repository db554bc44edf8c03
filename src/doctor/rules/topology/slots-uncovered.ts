import type { Facts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { servingPrimaries } from './members.ts';

const SLOTS = 16_384;

export const slotsUncovered: Rule = {
  id: 'slots-uncovered',
  group: 'topology',
  severity: 'error',
  title: 'Slots that nobody serves',
  looksAt: ['CLUSTER INFO cluster_state, cluster_slots_assigned', 'CONFIG GET cluster-require-full-coverage'],
  why: 'Keys of these slots can be neither read nor written. With cluster-require-full-coverage the whole cluster refuses every command.',
  fix: 'Give the slots to primaries: `redis-cli --cluster fix`, after every node that still holds keys is back.',
  sources: ['https://valkey.io/topics/cluster-tutorial', 'https://valkey.io/commands/cluster-info'],
  find: (facts) => {
    if (facts.source === 'spec') return [];
    // A node that has given up slots does not tell the others.
    const [view] = views(facts).sort((a, b) => a.assigned - b.assigned);
    const lost = views(facts).find((one) => one.cluster.info.cluster_state === 'fail');
    if (view && view.assigned < SLOTS) return [uncovered(facts, view)];
    return lost && !lost.failed ? [cutOff(lost)] : [];
  },
};

function views({ nodes }: Facts) {
  return nodes.flatMap((node) => {
    const { cluster } = node;
    const assigned = Number(cluster?.info.cluster_slots_assigned ?? Number.NaN);
    // A failed primary is the finding of another rule.
    const failed = servingPrimaries(cluster).some(({ flags }) => flags.includes('fail'));
    return cluster && !Number.isNaN(assigned) ? [{ node, cluster, assigned, failed }] : [];
  });
}

type View = ReturnType<typeof views>[number];

const evidenceOf = ({ node, cluster: { info } }: View): readonly string[] =>
  ['cluster_state', 'cluster_slots_assigned', 'cluster_slots_ok'].map(
    (field) => `${node.name}: ${field}:${info[field]}`,
  );

function uncovered(facts: Facts, view: View): Found {
  const whole = setting(view.node, 'cluster-require-full-coverage') !== 'no';
  const { host, port } = view.node.at;
  return {
    at: facts.asked,
    message: `${SLOTS - view.assigned} of ${SLOTS} slots belong to nobody${whole ? ', so nodes that know it refuse all commands' : ': their keys cannot be used'}.`,
    evidence: [...evidenceOf(view), `cluster-require-full-coverage=${whole ? 'yes' : 'no'}`],
    remedy: `Bring back nodes that are missing; then \`redis-cli --cluster fix ${host}:${port}\` gives such slots to primaries.`,
  };
}

const cutOff = (view: View): Found => ({
  at: view.node.name,
  message: 'It refuses commands though every slot has an owner: it sees too few of the other primaries.',
  evidence: evidenceOf(view),
  remedy:
    'Look at the network between the nodes; the bus has a port of its own (client port + 10000), which firewalls forget.',
});

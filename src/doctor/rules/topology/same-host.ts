import type { Facts, NodeFacts } from '../../facts.ts';
import { primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords } from '../../words.ts';
import { isCluster, isLoopback, replicasOf, watches } from './members.ts';

export const sameHost: Rule = {
  id: 'same-host',
  group: 'topology',
  severity: 'warning',
  title: 'Nodes that fall together',
  looksAt: ['addresses of nodes and Sentinels'],
  why: 'A replica on the machine of its primary is lost with it, and so is a majority that shares one machine: the failover that they are for does not happen.',
  fix: 'Put a primary, its replicas and each Sentinel on machines of their own, or in zones of their own.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/cluster-tutorial'],
  find: (facts) => {
    if (facts.source === 'spec') return [];
    const all = [...facts.nodes, ...facts.sentinels];
    const hosts = new Set(all.map(({ at }) => at.host));
    const [host = ''] = hosts;
    const many = new Set(all.map(({ name }) => name)).size;
    const loopback = [...hosts].every(isLoopback);
    if (many > 1 && (hosts.size === 1 || loopback)) return [together(facts, host, many, loopback)];
    return [...replicas(facts), ...majorityOfSentinels(facts), ...majorityOfPrimaries(facts)];
  },
};

/** Loopback may also be a tunnel or a published port. */
function together({ asked }: Facts, host: string, many: number, loopback: boolean): Found {
  return {
    severity: loopback ? 'note' : 'warning',
    at: asked,
    message: `The ${many} servers are all reached on ${host}: if they run there, they protect against the loss of a process and not of the machine.`,
    evidence: [`hosts: ${host}`],
    remedy: loopback
      ? 'For production give each node a machine or a zone of its own. Behind a tunnel or published ports this says nothing.'
      : 'Give each node a machine of its own. Behind a load balancer or address translation this says nothing.',
  };
}

function replicas(facts: Facts): readonly Found[] {
  return primaries(facts).flatMap((primary) => {
    const own = replicasOf(facts, primary);
    const near = own.filter(({ at }) => at.host === primary.at.host);
    if (near.length === 0) return [];
    const safe = near.length < own.length;
    return [
      {
        severity: safe || isLoopback(primary.at.host) ? 'note' : 'warning',
        at: primary.name,
        message: `It shares the host ${primary.at.host} with its ${near.length === 1 ? 'replica' : 'replicas'} ${inWords(near.map(({ name }) => name))}${safe ? '; another replica is elsewhere' : ''}.`,
        evidence: [primary, ...near].map(({ name, at }) => `${name}: host=${at.host}`),
        remedy: 'Move the replica to another machine, or swap it with one of another shard.',
      },
    ];
  });
}

type Placed = Pick<NodeFacts, 'at' | 'name'>;

/** The hosts that hold at least half of them. */
function crowded(
  placed: readonly Placed[],
): readonly { readonly host: string; readonly names: readonly string[] }[] {
  const hosts = [...new Set(placed.map(({ at }) => at.host))];
  return hosts
    .map((host) => ({ host, names: placed.filter(({ at }) => at.host === host).map(({ name }) => name) }))
    .filter(({ names }) => names.length > 1 && names.length * 2 >= placed.length);
}

function majorityOfSentinels(facts: Facts): readonly Found[] {
  return watches(facts).flatMap(({ primaryName, sentinels, voters }) =>
    crowded(sentinels).map(({ host, names }) => ({
      severity: isLoopback(host) ? 'note' : 'warning',
      at: primaryName,
      message: `${names.length} of ${voters} Sentinels share the host ${host}: with it the majority is gone, and nobody fails over.`,
      evidence: names.map((name) => `${name}: host=${host}`),
      remedy: 'Spread the Sentinels over at least three machines.',
    })),
  );
}

function majorityOfPrimaries(facts: Facts): readonly Found[] {
  const all = primaries(facts);
  if (!isCluster(facts) || all.length < 2) return [];
  return crowded(all).map(({ host, names }) => ({
    severity: isLoopback(host) ? 'note' : 'warning',
    at: facts.asked,
    message: `${names.length} of ${all.length} primaries share the host ${host}: with it the majority is gone, and no replica can take over.`,
    evidence: names.map((name) => `${name}: host=${host}`),
    remedy: '`CLUSTER FAILOVER` on replicas elsewhere spreads the primaries; three machines are the least.',
  }));
}

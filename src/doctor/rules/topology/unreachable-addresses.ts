import type { Address } from '../../../model/types.ts';
import { place } from '../../../redis/ask.ts';
import type { Facts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { clusterView, followersOf, isDown, isLoopback, watches } from './members.ts';

const SHOWN = 6;

export const unreachableAddresses: Rule = {
  id: 'unreachable-addresses',
  group: 'topology',
  severity: 'warning',
  title: 'Addresses that clients are sent to and cannot reach',
  looksAt: ['CLUSTER NODES', 'SENTINEL MASTER, REPLICAS, SENTINELS', 'INFO slave<n>', 'answers of nodes'],
  why: 'Clients of Sentinel and Cluster connect to the addresses that servers announce. Behind NAT, in containers and on loopback these are often right for the servers alone.',
  fix: 'Announce what clients reach: replica-announce-ip/-port, cluster-announce-ip/-port or -hostname, sentinel announce-ip/-port; or run clients in the same network.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/cluster-tutorial'],
  find: (facts) => (facts.source === 'spec' ? [] : [...silent(facts), ...loopback(facts)]),
};

function silent(facts: Facts): readonly Found[] {
  const down = downForAll(facts);
  const out = facts.silent.filter(({ at }) => !down.has(at));
  if (out.length === 0) return [];
  const places = out.map(({ at }) => at);
  return [
    {
      at: facts.asked,
      message: `${many(places.length, 'server')} that others know did not answer here: ${inWords(places.slice(0, SHOWN))}${places.length > SHOWN ? ' and more' : ''}.`,
      evidence: out.slice(0, SHOWN).map(({ at, why }) => `${at}: ${why}`),
      remedy:
        'If they are down, start them. If they run and only this machine cannot reach them, clients on machines like it cannot either: announce other addresses, or look from inside their network.',
    },
  ];
}

/** What the servers themselves miss is down, and the finding of other rules. */
function downForAll(facts: Facts): ReadonlySet<string> {
  const missed = [
    ...facts.nodes.flatMap(({ cluster }) => cluster?.nodes ?? []),
    ...facts.sentinels.flatMap(({ replicas, others }) => [...replicas, ...others]),
    ...facts.sentinels.map(({ primary: at, flags }) => ({ at, flags })),
  ].filter(isDown);
  const unlinked = facts.nodes.filter(({ info }) => info?.master_link_status === 'down');
  return new Set([
    ...missed.map(({ at }) => place(at)),
    ...unlinked.map(({ info }) => place({ host: info?.master_host ?? '', port: Number(info?.master_port) })),
  ]);
}

/** Told to the world by a server that is not on this machine. */
function loopback(facts: Facts): readonly Found[] {
  const hosts = [...facts.nodes, ...facts.sentinels].map(({ at }) => at.host);
  if (hosts.length === 0 || hosts.some(isLoopback)) return [];
  const told = announcedBy(facts).filter(({ at }) => isLoopback(at.host));
  const [first] = told;
  if (!first) return [];
  return [
    {
      severity: 'error',
      at: first.by,
      message: `Clients elsewhere are sent to ${inWords(told.map(({ at }) => place(at)))}, which is their own machine.`,
      evidence: told.slice(0, SHOWN).map(({ by, at }) => `${by}: ${place(at)}`),
      remedy:
        'Set cluster-announce-ip, replica-announce-ip or sentinel announce-ip to the address that clients use, and form the group with it: `CLUSTER MEET`, `REPLICAOF` and `SENTINEL MONITOR` with that address.',
    },
  ];
}

function announcedBy(facts: Facts): readonly { readonly by: string; readonly at: Address }[] {
  const view = clusterView(facts);
  return [
    ...(view?.cluster.nodes ?? []).map(({ at }) => ({ by: view?.node.name ?? '', at })),
    ...watches(facts).flatMap(({ sentinels }) =>
      sentinels.flatMap(({ name, primary, replicas }) =>
        [primary, ...replicas.map(({ at }) => at)].map((at) => ({ by: name, at })),
      ),
    ),
    ...facts.nodes.flatMap((node) => followersOf(node).map(({ at }) => ({ by: node.name, at }))),
  ];
}

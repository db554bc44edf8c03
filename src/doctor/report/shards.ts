import { place } from '../../redis/ask.ts';
import type { ClusterNode, Facts, NodeFacts } from '../facts.ts';
import { number } from '../read-facts.ts';

/** A server in the picture. */
export interface Member {
  readonly name: string;
  readonly role: 'primary' | 'replica' | undefined;
  /** Undefined for one that others know and that was not looked at. */
  readonly node: NodeFacts | undefined;
  /** `down`: it did not answer, or its peers say so. */
  readonly state: 'up' | 'down';
}

/** A primary with what follows it; servers whose primary is not known are a shard without one. */
export interface Shard {
  readonly primary: Member | undefined;
  readonly replicas: readonly Member[];
  /** Slots that it serves; undefined where there are none. */
  readonly slots: number | undefined;
}

/** A server with the names by which others follow it. */
interface Known {
  readonly member: Member;
  readonly names: readonly string[];
  readonly follows: string | undefined;
  readonly slots: number | undefined;
}

/** How the servers stand to one another. */
export function shardsOf(facts: Facts): readonly Shard[] {
  const known = [...facts.nodes.map(knownOf), ...onlyPeersKnow(facts)];
  const isPrimary = ({ member }: Known) => member.role === 'primary';
  const followers = known.filter((one) => !isPrimary(one));
  const placed = known.filter(isPrimary).map(({ member, names, slots }): Shard => {
    const own = followers.filter(({ follows }) => follows !== undefined && names.includes(follows));
    return { primary: member, replicas: own.map((one) => one.member), slots };
  });
  const rest = followers.map(({ member }) => member);
  return [...withTheRest(placed, rest), ...unplaced(silentOf(facts, known))];
}

/** Announced addresses may be other than those that were dialled; of a single primary there is no doubt. */
function withTheRest(placed: readonly Shard[], followers: readonly Member[]): readonly Shard[] {
  const inPlace = new Set(placed.flatMap(({ replicas }) => replicas));
  const rest = followers.filter((member) => !inPlace.has(member));
  const [only] = placed;
  if (placed.length !== 1 || !only) return [...placed, ...unplaced(rest)];
  return [{ ...only, replicas: [...only.replicas, ...rest] }];
}

const unplaced = (members: readonly Member[]): readonly Shard[] =>
  members.length === 0 ? [] : [{ primary: undefined, replicas: members, slots: undefined }];

function knownOf(node: NodeFacts): Known {
  const self = selfOf(node);
  return {
    member: { name: node.name, role: node.role, node, state: 'up' },
    names: [place(node.at), ...(self ? [self.id, place(self.at)] : [])],
    follows: followsOf(node, self),
    slots: self?.slots,
  };
}

const selfOf = ({ cluster }: NodeFacts): ClusterNode | undefined =>
  cluster?.nodes.find(({ flags }) => flags.includes('myself'));

function followsOf({ info }: NodeFacts, self: ClusterNode | undefined): string | undefined {
  if (self?.primaryId) return self.primaryId;
  const port = number(info, 'master_port');
  return info?.master_host && port ? place({ host: info.master_host, port }) : undefined;
}

/** Lines of CLUSTER NODES about servers that were not looked at. */
function onlyPeersKnow({ nodes }: Facts): readonly Known[] {
  const ids = new Set(nodes.flatMap((node) => selfOf(node)?.id ?? []));
  // Of a server whose own line is not known it cannot be said which of these it is.
  if (ids.size < nodes.length) return [];
  const lines = nodes.flatMap(({ cluster }) => cluster?.nodes ?? []);
  return [...new Map(lines.map((line) => [line.id, line])).values()]
    .filter(({ id }) => !ids.has(id))
    .map(({ id, at, flags, primaryId, slots }) => {
      const role = flags.includes('master') ? 'primary' : 'replica';
      return {
        member: { name: place(at), role, node: undefined, state: 'down' },
        names: [id, place(at)],
        follows: primaryId,
        slots,
      };
    });
}

/** Servers that did not answer and of which nothing else is known. */
function silentOf({ silent }: Facts, known: readonly Known[]): readonly Member[] {
  const names = new Set(known.flatMap((one) => one.names));
  return silent
    .filter(({ at }) => !names.has(at))
    .map(({ at }) => ({ name: at, role: undefined, node: undefined, state: 'down' }));
}

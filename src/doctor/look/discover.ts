import type { Address } from '../../model/types.ts';
import { place } from '../../redis/ask.ts';
import { type Greeted, greet, isLoginRefused, type Known } from './greet.ts';
import { refusalOf } from './refusals.ts';
import type { Target } from './types.ts';

/** A server that was met, by whichever of its addresses. */
export interface Met extends Greeted {
  /** The address by which its peers know it; where none knows it, the one that was asked. */
  readonly at: Address;
  readonly name: string;
}

/** A server that was not. */
export interface Silent {
  readonly at: string;
  readonly why: string;
  readonly error: unknown;
  readonly isRefused: boolean;
}

export interface Discovery {
  readonly met: readonly Met[];
  readonly silent: readonly Silent[];
  /** The address in the facts for one that a server announces. */
  readonly known: (announced: Address) => Address;
}

/** Enough for any deployment that a person looks at; a hostile server could name servers without end. */
const MOST_SERVERS = 500;

interface Visit extends Known {
  readonly dial: Address;
  readonly isAsked: boolean;
}

/** Asks every address, and everybody that they know, wave after wave. A server with two addresses is met once. */
export async function discover(target: Target, timeoutMs: number): Promise<Discovery> {
  const met = new Map<string, Entry>();
  const byAddress = new Map<string, string>();
  const silent: Silent[] = [];
  const visited = new Set<string>();
  let wave: readonly Visit[] = target.addresses.map((at) => visitOf(target, { at, kind: 'data' }, true));
  while (wave.length > 0 && visited.size < MOST_SERVERS) {
    const visits = wave.filter(({ dial }) => !visited.has(place(dial)) && visited.add(place(dial)));
    const greeted = await Promise.all(visits.map((visit) => meet(visit, target, timeoutMs)));
    for (const one of greeted) {
      if ('why' in one) silent.push(one);
      else remember(one, met, byAddress);
    }
    wave = greeted.flatMap((one) =>
      'why' in one ? [] : one.greeted.knows.map((known) => visitOf(target, known, false)),
    );
    for (const { at, dial } of wave) link(at, dial, met, byAddress);
  }
  return finish(target, { met, byAddress, silent });
}

interface Entry {
  readonly greeted: Greeted;
  readonly dial: Address;
  /** As peers announce it, first come. */
  readonly announced: Address[];
}

interface Meeting {
  readonly visit: Visit;
  readonly greeted: Greeted;
}

async function meet(visit: Visit, target: Target, timeoutMs: number): Promise<Meeting | Silent> {
  try {
    return { visit, greeted: await greet(visit.dial, visit.kind, { ...target, timeoutMs }) };
  } catch (error) {
    const { why } = refusalOf((error as Error).message, '');
    return { at: place(visit.at), why, error, isRefused: isLoginRefused(error) };
  }
}

function remember(
  { visit, greeted }: Meeting,
  met: Map<string, Entry>,
  byAddress: Map<string, string>,
): void {
  const id = greeted.info?.run_id ?? place(visit.dial);
  const known = met.get(id);
  if (known) greeted.reader.close();
  const entry = known ?? { greeted, dial: visit.dial, announced: [] };
  met.set(id, entry);
  byAddress.set(place(visit.dial), id);
  if (!visit.isAsked) link(visit.at, visit.dial, met, byAddress);
}

/** Whom a server announces under an address that has been dialled already. */
function link(at: Address, dial: Address, met: Map<string, Entry>, byAddress: Map<string, string>): void {
  const id = byAddress.get(place(dial));
  const entry = id === undefined ? undefined : met.get(id);
  if (id === undefined || !entry) return;
  byAddress.set(place(at), id);
  if (!entry.announced.some((one) => place(one) === place(at))) entry.announced.push(at);
}

const isAt = (one: Address) => (other: Address) => place(one) === place(other);

/** Where to dial: a stack on this machine may have other ports here; certificates are often made out to names. */
function visitOf({ placed = [], credentials }: Target, known: Known, isAsked: boolean): Visit {
  const { at, hostname } = known;
  const node = placed.find(({ dial, announced }) => announced.some(isAt(at)) || isAt(at)(dial));
  if (node)
    return {
      ...known,
      at: node.announced[0] ?? at,
      dial: node.dial,
      isAsked: isAsked && node.announced.length === 0,
    };
  const host = credentials.tls && hostname ? hostname : at.host;
  return { ...known, dial: { host, port: at.port }, isAsked };
}

interface Walked {
  readonly met: ReadonlyMap<string, Entry>;
  readonly byAddress: ReadonlyMap<string, string>;
  readonly silent: readonly Silent[];
}

function finish({ placed = [] }: Target, { met, byAddress, silent }: Walked): Discovery {
  const atOf = ({ announced: [first], dial }: Entry): Address => first ?? dial;
  return {
    silent,
    met: [...met.values()].map((entry) => {
      const at = atOf(entry);
      const node = placed.find(({ dial }) => isAt(dial)(entry.dial));
      const name = node ? `${node.name} (${place(entry.dial)})` : place(at);
      return { ...entry.greeted, at, name };
    }),
    known: (announced) => {
      // In containers peers know a node by an address that nobody dials from here, also one that is down.
      const node = placed.find((one) => one.announced.some(isAt(announced)));
      const entry = met.get(byAddress.get(place(node?.dial ?? announced)) ?? '');
      return entry ? atOf(entry) : (node?.announced[0] ?? announced);
    },
  };
}

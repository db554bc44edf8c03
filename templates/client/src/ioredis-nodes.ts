import type { Cluster, Redis } from 'ioredis';
import type { Address } from './description.js';

const lookAfterMs = 200;

/** What a cluster client knows of its primaries, and its connections to them. */
export class Nodes {
  readonly #client: Cluster;
  readonly #addressMap: Readonly<Record<string, Address>>;
  readonly #connections = new Map<string, Redis>();

  constructor(client: Cluster, addressMap: Readonly<Record<string, Address>>) {
    this.#client = client;
    this.#addressMap = addressMap;
    const placeOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;
    client.on('+node', (node: Redis) => {
      this.#connections.set(placeOf(node), node);
      // After the command that led to it.
      process.nextTick(() => client.status === 'ready' && this.connectAll());
    });
    let isLooking = false;
    client.on('-node', (node: Redis) => {
      if (this.#connections.get(placeOf(node)) === node) this.#connections.delete(placeOf(node));
      if (isLooking) return;
      isLooking = true;
      // The library connects to a lost server when it is redirected there; until then all would be redirected.
      setTimeout(() => {
        isLooking = false;
        if (client.status === 'ready') client.refreshSlotsCache();
      }, lookAfterMs).unref();
    });
  }

  /** The library connects when the first command comes, and would have those fail that come meanwhile. */
  async connectAll(): Promise<void> {
    const waiting = this.#client.nodes('master').filter(({ status }) => status === 'wait');
    await Promise.allSettled(waiting.map((node) => node.connect()));
  }

  /** The primary of a slot, as `host:port`. */
  owner(slot: number): string | undefined {
    return this.#client.slots[slot]?.[0];
  }

  /** The primaries of all slots, each once. */
  owners(): readonly string[] {
    const owners = new Set<string>();
    let last: readonly string[] | undefined;
    // Typed as if every slot had an owner.
    for (const nodes of this.#client.slots as readonly (readonly string[] | undefined)[]) {
      // The slots of one range share a list.
      if (nodes !== last && nodes?.[0] !== undefined) owners.add(nodes[0]);
      last = nodes;
    }
    return [...owners];
  }

  addressOf(owner: string): Address {
    const colon = owner.lastIndexOf(':');
    // After a redirection the library remembers the address that was announced.
    return this.#addressMap[owner] ?? { host: owner.slice(0, colon), port: Number(owner.slice(colon + 1)) };
  }

  /** The connection to a primary. */
  connectionTo(owner: string): Redis | undefined {
    const node = this.#connections.get(owner);
    return node?.options.readOnly ? undefined : node;
  }

  /** The connection to the primary of a slot, where it can be used at once. */
  ready(slot: number): Redis | undefined {
    const node = this.connectionTo(this.owner(slot) ?? '');
    return node?.status === 'ready' ? node : undefined;
  }
}

import type { Address } from './description.js';
import { FollowingTrack } from './following.js';
import type { ChannelKind, Listener, RedisPort, TrackListener } from './port.js';
import { Subscription } from './subscription.js';

/** A subscription that is heard through new connections as well, and what ends that. */
export interface Heard {
  readonly one: Subscription;
  readonly end: () => Promise<void>;
}

/** All that is listened to, through whichever port is in use. */
export class Listening {
  readonly #port: () => RedisPort;
  readonly #subscriptions = new Set<Subscription>();
  readonly #tracks = new Set<FollowingTrack>();

  constructor(port: () => RedisPort) {
    this.#port = port;
  }

  async subscribe(kind: ChannelKind, name: string, listener: Listener): Promise<() => Promise<void>> {
    const one = new Subscription(kind, name, listener);
    await this.#hear(one);
    this.#subscriptions.add(one);
    return async () => {
      this.#subscriptions.delete(one);
      const { port } = one;
      await one.end().catch((error: unknown) => {
        // What was lost with its connections has ended as well.
        if (port === this.#port()) throw error;
      });
    };
  }

  track(at: Address, prefix: string, listener: TrackListener): FollowingTrack {
    const one = new FollowingTrack(this.#port(), { at, prefix, listener }, (gone) =>
      this.#tracks.delete(gone),
    );
    this.#tracks.add(one);
    return one;
  }

  /** Hears through a new port all that is heard through the present one; `prepare` is called for each before. */
  hearOn(port: RedisPort, prepare: (one: Subscription) => void): Promise<readonly Heard[]> {
    const present = [...this.#subscriptions].filter((one) => one.port === this.#port());
    return Promise.all(
      present.map(async (one) => {
        prepare(one);
        return { one, end: await one.listen(port) };
      }),
    );
  }

  cancelMoves(): void {
    for (const one of this.#subscriptions) one.cancelMove();
  }

  /** Has writes heard through a new port, where its servers are among those that were listened to. */
  moveTracks(port: RedisPort): void {
    const places = new Set(port.primaries().map(placeOf));
    for (const one of this.#tracks)
      if (places.has(placeOf(one.at))) one.moveTo(port);
      else one.lose();
  }

  /** Subscriptions that began while another port was in use move to the present one. */
  follow(): void {
    for (const one of this.#subscriptions)
      if (one.port !== this.#port() && !one.isFollowing && !one.isMoving) this.#hear(one).catch(() => {});
  }

  /** Listens on the port in use, and again where that was replaced meanwhile. */
  async #hear(one: Subscription): Promise<void> {
    one.isFollowing = true;
    try {
      for (let port = this.#port(); one.port !== port && !one.isEnded; port = this.#port()) {
        try {
          await one.settle(port, await one.listen(port));
        } catch (error) {
          if (port === this.#port()) throw error;
        }
      }
    } finally {
      one.isFollowing = false;
    }
  }
}

const placeOf = ({ host, port }: Address): string => `${host}:${port}`;

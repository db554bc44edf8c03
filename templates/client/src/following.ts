import type { Address } from './description.js';
import type { RedisPort, Tracking, TrackListener } from './port.js';

/** Hears of writes through whichever connections are in use. */
export class FollowingTrack implements Tracking {
  readonly at: Address;
  readonly #prefix: string;
  readonly #listener: TrackListener;
  readonly #onStop: (one: FollowingTrack) => void;
  #present: Tracking;
  #next: Tracking | undefined;
  #isLost = false;

  constructor(
    port: RedisPort,
    {
      at,
      prefix,
      listener,
    }: { readonly at: Address; readonly prefix: string; readonly listener: TrackListener },
    onStop: (one: FollowingTrack) => void,
  ) {
    this.at = at;
    this.#prefix = prefix;
    this.#listener = listener;
    this.#onStop = onStop;
    const { onWrite, onReady, onGap } = listener;
    this.#present = port.track(at, prefix, {
      onWrite,
      onGap,
      onReady: () => {
        if (!this.#isLost) onReady();
      },
    });
  }

  ping(): Promise<unknown> {
    return this.#present.ping();
  }

  stop(): void {
    this.#onStop(this);
    this.#next?.stop();
    this.#present.stop();
  }

  /** Nothing that is heard here is all that is written any more: what was heard of is written in another place. */
  lose(): void {
    this.#isLost = true;
    this.#listener.onGap();
  }

  /** Listens through another port as well, and through that alone as soon as it hears everything. */
  moveTo(port: RedisPort): void {
    this.#next?.stop();
    const { onWrite, onReady, onGap } = this.#listener;
    const next: Tracking = port.track(this.at, this.#prefix, {
      onWrite,
      onGap: () => {
        if (this.#present === next) onGap();
      },
      onReady: () => {
        if (this.#next === next) {
          this.#next = undefined;
          this.#present.stop();
          this.#present = next;
        }
        // What the other connection had not yet told may have gone unheard.
        if (this.#present === next) onReady();
      },
    });
    this.#next = next;
  }
}

import type { RedisPort, Tracking } from './port.js';
import { late, within } from './time.js';

export interface WatchListener {
  readonly onWrite: (key: string) => void;
  /** Writes may have been missed. */
  readonly onGap: () => void;
}

export interface Watching {
  /** True while no write can be missed. */
  isComplete(): boolean;
  stop(): void;
}

// How soon a primary that came, went or fell silent is noticed.
const lookMs = 500;
const silentAfterMs = 1000;

/**
 * Listens for writes to keys with a prefix on every primary. Whenever a primary comes, goes or was not heard for a moment,
 * `onGap` says that writes may have been missed.
 */
export function watchPrimaries(port: RedisPort, prefix: string, { onWrite, onGap }: WatchListener): Watching {
  const watched = new Map<string, Watched>();
  const look = (): void => {
    const wanted = new Map(port.primaries().map((at) => [`${at.host}:${at.port}`, at]));
    for (const [place, one] of watched) {
      if (wanted.has(place)) continue;
      watched.delete(place);
      one.stop();
      onGap();
    }
    for (const [place, at] of wanted)
      if (!watched.has(place))
        watched.set(
          place,
          watchOne((heard) => port.track(at, prefix, { onWrite, ...heard }), onGap),
        );
    for (const one of watched.values()) void one.check();
  };
  look();
  const timer = setInterval(look, lookMs);
  timer.unref();
  return {
    isComplete: () => watched.size > 0 && [...watched.values()].every((one) => one.isHearing()),
    stop: () => {
      clearInterval(timer);
      for (const one of watched.values()) one.stop();
    },
  };
}

type Watched = ReturnType<typeof watchOne>;

function watchOne(
  track: (heard: { readonly onReady: () => void; readonly onGap: () => void }) => Tracking,
  onGap: () => void,
) {
  let isReady = false;
  let isSilent = false;
  let isAsking = false;
  const gap = (): void => {
    isReady = false;
    onGap();
  };
  const tracking = track({
    onGap: gap,
    onReady: () => {
      // Writes before this moment went unheard.
      onGap();
      isReady = true;
    },
  });
  return {
    isHearing: () => isReady && !isSilent,
    /** A server that hangs closes no connection, and announces nothing: it has to be asked. */
    check: async (): Promise<void> => {
      if (!isReady || isAsking) return;
      isAsking = true;
      const answer = tracking.ping().then(
        () => 'answered' as const,
        () => late,
      );
      const wasSilent = isSilent;
      isSilent = (await within(answer, silentAfterMs)) === late;
      if (isSilent !== wasSilent) onGap();
      isAsking = false;
    },
    stop: () => tracking.stop(),
  };
}

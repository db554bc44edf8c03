import type { Course } from './course.js';
import type { Address, StackDescription, View } from './description.js';
import type { RedisPort } from './port.js';
import { within } from './time.js';

const everyMs = 1000;
const connectWithinMs = 1000;

/**
 * The server that was primary last, for a question past the Sentinels: where a stack has moved away from them, they may
 * not know of it any more, and it has the announcement all the same.
 */
export class LastPrimary {
  #place: Address | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  note(port: RedisPort): void {
    const [place] = port.primaries();
    if (port.stack().kind === 'sentinel') this.#place = place ?? this.#place;
  }

  /** Connects to it, asks, and ends the connection again; does nothing where it was asked a moment ago. */
  async ask(
    present: StackDescription,
    find: (stack: StackDescription) => Promise<Course>,
    question: (port: RedisPort) => Promise<unknown>,
  ): Promise<void> {
    const now = performance.now();
    if (present.kind !== 'sentinel' || this.#place === undefined || now - this.#askedAt < everyMs) return;
    this.#askedAt = now;
    try {
      const course = await find(alone(present, this.#place));
      const begun = course.begin({ tell: () => {}, onTrouble: () => {} });
      await within(
        begun.connected.then(() => question(begun.port)),
        connectWithinMs,
      );
      await within(begun.drop(), connectWithinMs);
    } catch {
      // Whoever looks comes again.
    }
  }
}

function alone({ name, keyPrefix, user, passwordEnv, tls }: StackDescription, at: Address): StackDescription {
  const view: View = { addresses: [at], addressMap: {} };
  const login = { name, keyPrefix, user, passwordEnv, ...(tls ? { tls } : {}) };
  return { kind: 'standalone', ...login, host: view, network: view };
}

import { createConnection, type Socket } from 'node:net';
import type { Address } from '../../src/model/types.ts';
import type { Login } from '../../tests/support/migration/types.ts';

/** Writes one key over and over on a connection of its own, and knows the longest time without an answer. */
export interface Prober {
  /** The longest gap since it was asked last, in ms. */
  takeLongest(): number;
  stop(): void;
}

const AGAIN_MS = 1;

/**
 * Asks at most once a millisecond, connects anew at once when it is cut off or refused, and goes where MOVED leads: what
 * it does not see is how long a client library takes to notice.
 */
export function probe(start: Address, { username = 'default', password = '' }: Login, key: string): Prober {
  let isOver = false;
  let at = start;
  let socket: Socket | undefined;
  let last: number | undefined;
  let longest = 0;

  const answered = (): void => {
    const moment = performance.now();
    if (last !== undefined) longest = Math.max(longest, moment - last);
    last = moment;
  };
  const connect = (): void => {
    if (isOver) return;
    const own = createConnection(at);
    socket = own;
    own.setNoDelay(true);
    const again = (): void => {
      own.removeAllListeners();
      own.on('error', () => undefined);
      own.destroy();
      setTimeout(connect, AGAIN_MS);
    };
    own.once('error', again).once('close', again);
    own.once('connect', () => own.write(words('AUTH', username, password)));
    let isLoggedIn = false;
    own.on('data', (reply) => {
      const text = reply.toString();
      // Whoever needs no login says so, and answers nevertheless.
      if (isLoggedIn && text.startsWith('-')) {
        at = leadOf(text) ?? start;
        return again();
      }
      if (isLoggedIn) answered();
      isLoggedIn = true;
      setTimeout(() => own.write(words('SET', key, '1')), AGAIN_MS);
    });
  };
  connect();
  return {
    takeLongest: () => {
      const taken = longest;
      longest = 0;
      return taken;
    },
    stop: () => {
      isOver = true;
      socket?.destroy();
    },
  };
}

/** Where MOVED says the key is. */
function leadOf(text: string): Address | undefined {
  const found = /^-MOVED \d+ (.+):(\d+)/.exec(text);
  return found?.[1] === undefined ? undefined : { host: found[1], port: Number(found[2]) };
}

const words = (...all: readonly string[]): string =>
  `*${all.length}\r\n${all.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

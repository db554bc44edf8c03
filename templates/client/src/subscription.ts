import type { ChannelKind, Listener, RedisPort } from './port.js';

// How long a node of a cluster may be behind another one.
const lateMs = 1000;

interface Message {
  readonly text: string;
  readonly channel: string;
}

/** A move from connections that still work to new ones: for a moment both hear everything. */
interface Move {
  readonly to: RedisPort;
  /** Whether the new ones lead to other servers, which are told a part of what the present ones are told. */
  readonly isElsewhere: boolean;
  /** Heard by the present connections since. */
  readonly heard: Message[];
  /** Heard by the new ones, and not passed on yet. */
  readonly waiting: Message[];
}

/** What is listened to, whichever connections it is heard through. */
export class Subscription {
  readonly kind: ChannelKind;
  readonly name: string;
  /** The port whose messages count, so that nothing is heard twice while two are connected. */
  port: RedisPort | undefined;
  isFollowing = false;
  isEnded = false;
  readonly #listener: Listener;
  #end: () => Promise<void> = async () => {};
  #move: Move | undefined;
  /** Passed on already, and still to come through the new connection. */
  #late: readonly Message[] = [];
  #lateUntil = 0;

  constructor(kind: ChannelKind, name: string, listener: Listener) {
    this.kind = kind;
    this.name = name;
    this.#listener = listener;
  }

  /** Listens through a port; what is heard counts when `port` is that one. */
  listen(port: RedisPort): Promise<() => Promise<void>> {
    return port.subscribe(this.kind, this.name, (text, channel) => this.#hear(port, { text, channel }));
  }

  /** Counts from now on what a port hears; `end` ends the listening there. */
  async settle(port: RedisPort, end: () => Promise<void>): Promise<void> {
    this.port = port;
    this.#move = undefined;
    this.#end = end;
    // Ended while it was being asked for.
    if (this.isEnded) await end();
  }

  /** Ends listening. What was lost with its connections has ended as well. */
  async end(): Promise<void> {
    this.isEnded = true;
    await this.#end();
  }

  get isMoving(): boolean {
    return this.#move !== undefined;
  }

  /** Has what another port hears kept back until `finishMove`. */
  beginMove(to: RedisPort): void {
    const isElsewhere = to.stack() !== this.port?.stack();
    this.#move = { to, isElsewhere, heard: [], waiting: [] };
  }

  cancelMove(): void {
    this.#move = undefined;
  }

  /**
   * Ends the listening on the present port, whose last message comes before the answer to that, and goes on with what the
   * other one has heard since.
   */
  async finishMove(end: () => Promise<void>): Promise<void> {
    const move = this.#move;
    if (move === undefined) return;
    await this.#end().catch(() => {});
    await this.#caughtUp(move.to);
    // Cancelled by a replacement meanwhile.
    if (this.#move !== move) return;
    this.#late = move.isElsewhere ? [] : notYet(move);
    this.#lateUntil = performance.now() + lateMs;
    for (const message of move.isElsewhere ? unheard(move) : move.waiting.slice(overlap(move)))
      if (this.#late.length === 0) this.#tell(message);
    await this.settle(move.to, end);
  }

  /**
   * The new connection may be behind the old one: what both are told is in its stream before the answer to whatever is
   * asked there now. Where that is not allowed, a message may be heard twice.
   */
  async #caughtUp(port: RedisPort): Promise<void> {
    const end = await port.subscribe(this.kind, besides(this.name), () => {}).catch(() => undefined);
    await end?.().catch(() => {});
  }

  #hear(port: RedisPort, message: Message): void {
    const move = this.#move;
    if (move?.to === port) {
      move.waiting.push(message);
      return;
    }
    if (port !== this.port) return;
    move?.heard.push(message);
    if (!this.#isLate(message)) this.#tell(message);
  }

  #isLate(message: Message): boolean {
    const [next] = this.#late;
    if (next === undefined || performance.now() > this.#lateUntil || !isSame(message, next)) return false;
    this.#late = this.#late.slice(1);
    return true;
  }

  #tell({ text, channel }: Message): void {
    if (!this.isEnded) this.#listener(text, channel);
  }
}

/** A name in the same slot, and so on the same connection, that nobody publishes to. */
function besides(name: string): string {
  const tag = /\{([^}]+)\}/.exec(name)?.[1] ?? name;
  return `{${tag}}:moved:${Math.random().toString(36).slice(2)}`;
}

/**
 * Nodes of a cluster are told a moment after each other. Where all that the new connection has heard lies within what was
 * passed on, these are the messages behind it, which it will hear yet.
 */
function notYet({ heard, waiting }: Move): readonly Message[] {
  if (waiting.length === 0 || overlap({ heard, waiting }) > 0) return [];
  for (let at = heard.length - waiting.length; at >= 0; at--)
    if (waiting.every((one, i) => isSame(one, heard[at + i]))) return heard.slice(at + waiting.length);
  return [];
}

/** How many of the messages that wait were passed on already: those with which the others ended. */
function overlap({ heard, waiting }: Pick<Move, 'heard' | 'waiting'>): number {
  for (let count = Math.min(heard.length, waiting.length); count > 0; count--) {
    const last = heard.slice(-count);
    if (last.every((one, i) => isSame(one, waiting[i]))) return count;
  }
  return 0;
}

/**
 * Those that wait without those that were passed on already, which stand in the same order among others: a server that was
 * handed over from repeats what the new one is told, and is told more by who has not moved yet.
 */
function unheard({ heard, waiting }: Move): readonly Message[] {
  let from = 0;
  return waiting.filter((message) => {
    const at = heard.findIndex((one, index) => index >= from && isSame(one, message));
    if (at >= 0) from = at + 1;
    return at < 0;
  });
}

const isSame = (one: Message, other: Message | undefined): boolean =>
  one.text === other?.text && one.channel === other.channel;

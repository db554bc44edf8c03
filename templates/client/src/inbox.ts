import type { Items } from './items.js';

// A schema that never ends holds up the messages behind it; they must not fill the memory.
const maxWaiting = 10_000;

/** Gives the messages of a subscription to its listener in the order of arrival, also where a schema takes its time. */
export class Inbox<Message> {
  readonly #items: Items<Message>;
  readonly #listen: (message: Message, topic: string) => unknown;
  readonly #tell: (what: string, error?: unknown) => void;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    items: Items<Message>,
    listen: (message: Message, topic: string) => unknown,
    tell: (what: string, error?: unknown) => void,
  ) {
    this.#items = items;
    this.#listen = listen;
    this.#tell = tell;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  take(text: string, topic: string): void {
    if (this.#isClosed) return;
    if (this.#waiting >= maxWaiting) this.#tell('dropped');
    else this.#deliverInTurn(this.#items.decode(text), topic);
  }

  #deliverInTurn(decoded: Message | undefined | Promise<Message | undefined>, topic: string): void {
    if (this.#waiting === 0 && !(decoded instanceof Promise)) {
      this.#deliver(decoded, topic);
      return;
    }
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      const message = await decoded;
      this.#waiting--;
      this.#deliver(message, topic);
    });
  }

  #deliver(message: Message | undefined, topic: string): void {
    if (this.#isClosed) return;
    if (message === undefined) {
      this.#tell('misfit');
      return;
    }
    const failed = (error: unknown): void => this.#tell('listener-failed', error);
    try {
      const listening = this.#listen(message, topic);
      if (listening instanceof Promise) listening.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

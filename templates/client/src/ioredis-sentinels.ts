import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectEncrypted } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { Address } from './description.js';
import type { Tls } from './environment.js';
import type { ConnectionOptions } from './ioredis.js';
import { pairsOf, textsOf } from './replies.js';
import { backoffMs } from './retry.js';
import { within } from './time.js';

interface Answer {
  readonly address: Address;
  /** Grows with each failover. */
  readonly epoch: number;
}

// How long a Sentinel may take to answer while others have.
const patienceMs = 500;
const lookMs = 1000;

/**
 * Asks all Sentinels who is primary and believes the one that knows of the latest failover. The library asks one after the
 * other and believes the first, which may hang, or be cut off from the others and know nothing of it.
 */
export class Sentinels {
  /** The primary that was named last, as it can be reached from here. */
  current: Address | undefined;
  /** The one that a connection was opened to. */
  inUse: Address | undefined;
  readonly #primaryName: string;
  readonly #reach: (announced: Address) => Address;
  readonly #clients: readonly Redis[];
  #epoch = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    addresses: readonly Address[],
    options: ConnectionOptions,
    primaryName: string,
    reach: (announced: Address) => Address,
  ) {
    this.#primaryName = primaryName;
    this.#reach = reach;
    this.#clients = addresses.map(
      (at) =>
        new Redis({
          ...options,
          ...at,
          // The first question waits for its connection.
          enableOfflineQueue: true,
          // Sentinels load nothing that would have to be waited for.
          enableReadyCheck: false,
        }),
    );
    // What a Sentinel says, or does not, is told by `find`.
    for (const client of this.#clients) client.on('error', () => {});
  }

  /** Rejects where no Sentinel answers, or none knows the primary. */
  async find(): Promise<Address> {
    const answers: Answer[] = [];
    const failures: unknown[] = [];
    const asked = this.#clients.map((client) =>
      this.#ask(client).then(
        (answer) => answers.push(answer),
        (error) => failures.push(error),
      ),
    );
    await within(Promise.all(asked), patienceMs);
    const [latest] = answers.sort((a, b) => b.epoch - a.epoch);
    if (latest === undefined) {
      const [cause] = failures;
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      throw new Error(`No Sentinel names the primary${why}`, { cause });
    }
    // Epochs begin anew where the Sentinels were set up anew; one of them alone that knows less was away.
    const isMajority = answers.length > this.#clients.length / 2;
    if (this.current === undefined || latest.epoch >= this.#epoch || isMajority) {
      this.current = this.#reach(latest.address);
      this.#epoch = latest.epoch;
    }
    return this.current;
  }

  /** Calls back when another primary is named than the one in use. */
  watch(onSwitch: () => void): void {
    this.#timer = setInterval(async () => {
      const now = await this.find().catch(() => undefined);
      const { inUse } = this;
      if (now === undefined || inUse === undefined) return;
      if (now.host === inUse.host && now.port === inUse.port) return;
      this.inUse = undefined;
      onSwitch();
    }, lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) {
      client.disconnect();
      client.stream?.destroy();
    }
  }

  async #ask(client: Redis): Promise<Answer> {
    const name = this.#primaryName;
    const [address, details] = await Promise.all([
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
      client.call('SENTINEL', 'MASTER', name),
    ]);
    const [host, port] = textsOf(address);
    if (host === undefined) throw new Error(`A Sentinel does not know '${name}'.`);
    const epoch = Number(new Map(pairsOf(details)).get('config-epoch'));
    return { address: { host, port: Number(port) }, epoch };
  }
}

/** Has the library connect to whoever the Sentinels name. */
export function connectorTo(
  sentinels: Sentinels,
  tls: Tls | undefined,
): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    constructor(options: unknown) {
      super((options as { readonly disconnectTimeout: number }).disconnectTimeout);
    }

    /** A server that is not primary any more, or not yet, is not the one. */
    override check({ role }: { readonly role?: string }): boolean {
      return role === undefined || role === 'master';
    }

    override async connect(emit: (type: string, error: Error) => void): Promise<Socket> {
      this.connecting = true;
      sentinels.inUse = undefined;
      for (let attempt = 0; this.connecting; attempt++) {
        try {
          return this.#open(await sentinels.find());
        } catch (error) {
          emit('error', error as Error);
          await sleep(backoffMs(attempt));
        }
      }
      throw new Error('Connection is closed.');
    }

    #open(address: Address): Socket {
      if (!this.connecting) throw new Error('Connection is closed.');
      sentinels.inUse = address;
      this.stream = tls === undefined ? createConnection(address) : connectEncrypted({ ...address, ...tls });
      this.stream.once('error', (error) => {
        this.firstError = error;
      });
      return this.stream;
    }
  };
}

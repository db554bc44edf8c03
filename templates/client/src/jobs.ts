import {
  FlowProducer,
  type Processor,
  Queue,
  type QueueBaseOptions,
  QueueEvents,
  type QueueEventsOptions,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import type { StackDescription } from './description.js';
import type { Environment } from './environment.js';
import { connected, createJobsClient, expectJobsKept, type JobsClient } from './jobs-connection.js';
import { stack as ownStack } from './stack.js';
import { within } from './time.js';

/** The options of BullMQ, but for what follows from the stack. */
type Without<Options> = Omit<Options, keyof QueueBaseOptions | 'prefix'>;

export interface OpenJobsOptions {
  /**
   * Where `REDIS_VIEW`, `REDIS_ADDRESSES`, `REDIS_USER`, `REDIS_TLS` and the passwords are read.
   *
   * @default process.env
   */
  readonly env?: Environment;
  /**
   * How long to wait for the first connection, in milliseconds.
   *
   * @default 10000
   */
  readonly connectWithinMs?: number;
  /**
   * Told of every connection error, for your log.
   *
   * @default ignored
   */
  readonly onError?: (error: Error) => void;
  /**
   * The stack to connect to.
   *
   * @default the one that this module was written for
   */
  readonly stack?: StackDescription;
}

/**
 * Connects BullMQ to the stack, for jobs with retries, schedules, priorities and flows. Rejects with
 * `redis/bad-environment`; with `redis/unreachable` after `connectWithinMs`; with `redis/may-evict` where the server drops
 * keys when it is full.
 */
export async function openJobs(options: OpenJobsOptions = {}): Promise<Jobs> {
  const { env = process.env, connectWithinMs = 10_000, onError = () => {}, stack = ownStack } = options;
  const clients = {
    calls: createJobsClient(stack, env, 'calls'),
    work: createJobsClient(stack, env, 'work'),
  };
  const both = Object.values(clients);
  // Without a listener, an error is written to the console.
  for (const client of both) client.on('error', onError);
  try {
    await Promise.all(both.map((client) => connected(client, connectWithinMs)));
    await expectJobsKept(clients.calls);
  } catch (error) {
    for (const client of both) client.disconnect();
    throw error;
  }
  return new Jobs(clients, stack.keyPrefix, onError);
}

interface Closable {
  close(force?: boolean): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Queues, workers and events of BullMQ on the stack. What BullMQ promises is its own: a job runs at least once. All keys
 * share one hash tag, so that flows over several queues work; on a cluster they are on one shard.
 */
export class Jobs {
  /** For parts of BullMQ that are not made here, together with `connection`. */
  readonly prefix: string;
  readonly #clients: Readonly<Record<'calls' | 'work', JobsClient>>;
  readonly #onError: (error: Error) => void;
  readonly #workers: Closable[] = [];
  readonly #others: Closable[] = [];
  #closing: Promise<void> | undefined;

  constructor(
    clients: Readonly<Record<'calls' | 'work', JobsClient>>,
    keyPrefix: string,
    onError: (error: Error) => void,
  ) {
    this.#clients = clients;
    this.#onError = onError;
    this.prefix = `${keyPrefix}{jobs}`;
  }

  /** The connection for calls: they reject after some twenty seconds without an answer. */
  get connection(): JobsClient {
    return this.#clients.calls;
  }

  /**
   * A queue to add jobs to. The last 1000 jobs that were completed are kept and the last 10000 that failed, where
   * `defaultJobOptions` says nothing else: BullMQ alone would keep all of them.
   */
  queue<Data = unknown, Result = unknown, Name extends string = string>(
    name: string,
    { defaultJobOptions, ...options }: Without<QueueOptions> = {},
  ): Queue<Data, Result, Name, Data, Result, Name> {
    const queue = new Queue<Data, Result, Name, Data, Result, Name>(name, {
      ...options,
      ...this.#options('calls'),
      defaultJobOptions: {
        removeOnComplete: { count: 1000 },
        removeOnFail: { count: 10_000 },
        ...defaultJobOptions,
      },
    });
    return this.#keep(this.#others, queue);
  }

  /** A worker, which begins at once and outlasts every outage; its connection that waits for jobs is its own. */
  worker<Data = unknown, Result = unknown, Name extends string = string>(
    name: string,
    process: Processor<Data, Result, Name>,
    options: Without<WorkerOptions> = {},
  ): Worker<Data, Result, Name> {
    const worker = new Worker<Data, Result, Name>(name, process, { ...options, ...this.#options('work') });
    return this.#keep(this.#workers, worker);
  }

  /** What happens to the jobs of a queue, whoever works on them. */
  events(name: string, options: Without<QueueEventsOptions> = {}): QueueEvents {
    return this.#keep(this.#others, new QueueEvents(name, { ...options, ...this.#options('work') }));
  }

  /** Adds jobs that wait for others, also over several queues. */
  flows(): FlowProducer {
    return this.#keep(this.#others, new FlowProducer(this.#options('calls')));
  }

  /**
   * Lets jobs under way end, for `drainMs` milliseconds at most, then closes everything; a job that is left is run again
   * elsewhere when its lock has ended.
   */
  close({ drainMs = 5000 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    await within(Promise.allSettled(this.#workers.map((worker) => worker.close())), drainMs);
    // A server that hangs must not hold up the end.
    const all = [...this.#workers, ...this.#others];
    await within(Promise.allSettled(all.map((one) => one.close(true))), 1000);
    for (const client of Object.values(this.#clients)) client.disconnect();
  }

  #options(use: 'calls' | 'work') {
    return { connection: this.#clients[use], prefix: this.prefix };
  }

  #keep<Kept extends Closable>(among: Closable[], kept: Kept): Kept {
    // BullMQ writes errors to the console where nobody listens.
    kept.on('error', this.#onError);
    among.push(kept);
    return kept;
  }
}

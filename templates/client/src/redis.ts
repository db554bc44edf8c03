import type { Definition, Observe, Opened, Services } from './definition.js';
import type { StackDescription } from './description.js';
import { Direct } from './direct.js';
import { expectNoEviction } from './durable.js';
import { RedisError } from './errors.js';
import { Guard, type GuardOptions } from './guard.js';
import type { Connect, ConnectOptions, RedisPort } from './port.js';
import { late, within } from './time.js';

export interface RedisOptions extends ConnectOptions, GuardOptions {
  /**
   * How long `invalidate`, `set` and direct commands go on trying through a restart or a failover, in milliseconds.
   * Longer than a cluster takes to notice a lost primary, to vote, and to tell its clients.
   *
   * @default 20000
   */
  readonly writeWithinMs?: number;
  /**
   * Told of hits, misses, loads and refusals, for your metrics and traces; called often, so it should be quick.
   *
   * @default nobody is told
   */
  readonly observe?: Observe;
}

/** How the connection is, as `health()` saw it. */
export interface Health {
  /** True where every primary answered in time and none is being left alone. */
  readonly ok: boolean;
  /** How long the slowest primary took, in milliseconds; undefined where it did not answer in time. */
  readonly answeredMs: number | undefined;
  /** The servers that caches leave alone for the moment. */
  readonly resting: readonly string[];
  /** What kind of stack it leads to now. */
  readonly topology: StackDescription['kind'];
}

export interface CloseOptions {
  /**
   * How long loads and commands under way may take to end, in milliseconds; then they are dropped.
   *
   * @default 5000
   */
  readonly drainMs?: number;
}

/** A connection to the stack, with the patterns that run on it. */
export class Redis {
  /** Plain keys outside of any cache. */
  readonly direct: Direct;
  readonly #port: RedisPort;
  readonly #guard: Guard;
  readonly #services: Services;
  readonly #opened = new Map<Definition<unknown>, unknown>();
  readonly #others: RedisPort[] = [];
  readonly #ends: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  constructor(
    port: RedisPort,
    keyPrefix: string,
    connectOther: () => Promise<RedisPort>,
    options: RedisOptions = {},
  ) {
    this.#port = port;
    this.#guard = new Guard(port, options);
    const { writeWithinMs = 20_000, observe } = options;
    this.direct = new Direct(port, keyPrefix, writeWithinMs);
    this.#services = {
      port,
      guard: this.#guard,
      keyPrefix,
      writeWithinMs,
      observe: observe ?? (() => {}),
      isObserved: observe !== undefined,
      connectOwn: () => this.#connectOwn(connectOther),
      onClose: (end) => this.#ends.push(end),
    };
  }

  /** Opens a definition on this connection; the same one gives the same object, so that its callers share their work. */
  use<Use>(definition: Definition<Use>): Use {
    const known = this.#opened.get(definition);
    if (known !== undefined) return known as Use;
    const opened = definition.open(this.#services);
    this.#opened.set(definition, opened);
    return opened;
  }

  /**
   * Opens all definitions of a set, under their names. Rejects with `redis/may-evict` where the server drops keys that one
   * of them cannot do without.
   */
  async open<const Definitions extends Readonly<Record<string, Definition<unknown>>>>(
    definitions: Definitions,
  ): Promise<Opened<Definitions>> {
    await Promise.all(Object.values(definitions).map((one) => this.#expectKept(one)));
    const entries = Object.entries(definitions).map(([name, one]) => [name, this.use(one)]);
    return Object.fromEntries(entries) as Opened<Definitions>;
  }

  /** Resolves when every primary has answered; rejects with `redis/deadline` after `withinMs` milliseconds. */
  async ping(withinMs = 1000): Promise<void> {
    if ((await within(this.#port.callPrimaries(['PING']), withinMs)) !== late) return;
    throw new RedisError('redis/deadline', `Redis did not answer within ${withinMs} ms.`);
  }

  /** Says how the connection is; never rejects, and takes `withinMs` milliseconds at most. */
  async health(withinMs = 1000): Promise<Health> {
    const start = performance.now();
    const answered = await this.ping(withinMs).then(
      () => true,
      () => false,
    );
    const resting = this.resting();
    const answeredMs = answered ? performance.now() - start : undefined;
    const topology = this.#port.stack().kind;
    return { ok: answered && resting.length === 0, answeredMs, resting, topology };
  }

  /** What the opened definitions have counted since the start, by their names; those that count nothing are left out. */
  stats(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const counted = [...this.#opened].flatMap(([{ name }, opened]) =>
      hasStats(opened) ? [[name, opened.stats()] as const] : [],
    );
    return Object.fromEntries(counted);
  }

  /** The servers that caches leave alone for the moment because they did not answer; empty in good times. */
  resting(): readonly string[] {
    return this.#guard.resting;
  }

  /** Lets what is under way end, then closes; never takes much longer than `drainMs`, whatever Redis does. */
  close({ drainMs = 5000 }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #expectKept({ name, mustStay }: Definition<unknown>): Promise<void> {
    if (mustStay === undefined) return;
    try {
      await expectNoEviction(this.#services, `What '${name}' keeps`, mustStay);
    } catch (error) {
      // A server that cannot be asked yet is asked before the first use.
      if (!(error instanceof RedisError) || error.code === 'redis/may-evict') throw error;
    }
  }

  async #close(drainMs: number): Promise<void> {
    this.#guard.stop();
    await within(this.#drain(), drainMs);
    // A client whose connection attempt hangs finishes in its own time.
    const ports = [this.#port, ...this.#others];
    await within(Promise.allSettled(ports.map((port) => port.destroy())), 1000);
  }

  async #drain(): Promise<void> {
    // A worker that failed says so to whoever started it.
    await Promise.allSettled(this.#ends.map((end) => end()));
    // Workers that were stopped have ended their connections themselves.
    await Promise.allSettled([this.#port, ...this.#others].map((port) => port.close()));
  }

  async #connectOwn(connectOther: () => Promise<RedisPort>): Promise<RedisPort> {
    const port = await connectOther();
    this.#others.push(port);
    // Closed while it was being opened.
    if (this.#closing !== undefined) await port.destroy();
    return port;
  }
}

function hasStats(opened: unknown): opened is { stats(): Readonly<Record<string, number>> } {
  return typeof (opened as { stats?: unknown } | null)?.stats === 'function';
}

/** Connects to a stack; rejects with `redis/bad-environment` or, after `connectWithinMs`, with `redis/unreachable`. */
export async function openRedis<const Stack extends StackDescription>(
  connect: Connect<Stack>,
  stack: Stack,
  options: RedisOptions = {},
): Promise<Redis> {
  // Commands that wait on the server for a second hold up the question whether it is there.
  const { silentAfterMs = 2000, observe, onMove } = options;
  const told = (now: StackDescription): void => {
    observe?.({ name: now.name, what: 'moved' });
    onMove?.(now);
  };
  const port = await connect(stack, { ...options, onMove: told });
  const another = () => port.another({ silentAfterMs: Math.max(4000, silentAfterMs), onMove: () => {} });
  return new Redis(port, stack.keyPrefix, another, options);
}

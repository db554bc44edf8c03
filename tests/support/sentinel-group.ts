import {
  allOrNone,
  ending,
  healing,
  healPatience,
  type Replicated,
  type ReplicatedOptions,
  startReplicated,
} from './replicated.ts';
import { type Server, startServer } from './servers.ts';
import { until } from './until.ts';

export interface SentinelGroupOptions extends ReplicatedOptions {
  readonly sentinels: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  /** Defaults to the majority of the sentinels. */
  readonly quorum?: number;
  /**
   * Leaves the sentinels' own periods as they are. Otherwise they are shortened, so that a former primary becomes a
   * replica within 1 s instead of 10; a sentinel that is restarted is back at the usual pace.
   */
  readonly usualPace?: boolean;
  /** Name the sentinels know the primary by. */
  readonly primaryName?: string;
}

export interface SentinelGroup extends Replicated {
  readonly sentinels: readonly Server[];
  readonly primaryName: string;
  readonly quorum: number;
  /** The node the sentinels name as primary, once all that answer name the same. */
  agreedPrimary(): Promise<Server>;
  /** Asks for a failover and waits until another node is primary for everyone; gives the new primary. */
  failover(): Promise<Server>;
  /** Waits until every running sentinel has named another node than `old`; gives the new primary. */
  failedOver(old: Server): Promise<Server>;
}

type Watch = Required<
  Pick<SentinelGroupOptions, 'primaryName' | 'quorum' | 'downAfterMs' | 'failoverTimeoutMs'>
>;

/** A primary, its replicas and sentinels, which all know of each other. The sentinels ask for no password. */
export async function startSentinelGroup(options: SentinelGroupOptions): Promise<SentinelGroup> {
  const { engine } = options;
  const watch: Watch = {
    primaryName: options.primaryName ?? 'main',
    quorum: options.quorum ?? Math.floor(options.sentinels / 2) + 1,
    downAfterMs: options.downAfterMs ?? 1_000,
    failoverTimeoutMs: options.failoverTimeoutMs ?? 10_000,
  };
  const data = await startReplicated(options);
  const sentinels: Server[] = [];
  const all = ending(sentinels);
  const stop = async () => {
    await all.stop();
    await data.stop();
  };
  try {
    const directives = monitoring(watch, (await data.primary()).port, options);
    const starting = Array.from({ length: options.sentinels }, () =>
      startServer({ engine, sentinel: true, directives }),
    );
    sentinels.push(...(await allOrNone(starting)));
    if (!options.usualPace) await Promise.all(sentinels.map(hasten));
    await informed(sentinels, watch, options.replicas);
  } catch (error) {
    await stop();
    throw error;
  }
  const judges = failovers(data, sentinels, watch);
  return {
    ...data,
    sentinels,
    ...watch,
    ...judges,
    heal: healing(sentinels, async () => {
      await data.heal();
      await until('the sentinels name the one primary', () => agree(data, judges), healPatience);
    }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function monitoring(
  watch: Watch,
  port: number,
  { auth }: SentinelGroupOptions,
): readonly (readonly string[])[] {
  const { primaryName: name } = watch;
  return [
    ['sentinel', 'monitor', name, '127.0.0.1', String(port), String(watch.quorum)],
    ['sentinel', 'down-after-milliseconds', name, String(watch.downAfterMs)],
    ['sentinel', 'failover-timeout', name, String(watch.failoverTimeoutMs)],
    ...(auth ? [['sentinel', 'auth-pass', name, auth.password]] : []),
    ...(auth?.username ? [['sentinel', 'auth-user', name, auth.username]] : []),
  ];
}

async function hasten(sentinel: Server): Promise<void> {
  await sentinel.cli('SENTINEL', 'DEBUG', 'info-period', '500', 'publish-period', '200', 'ask-period', '200');
}

/** Until then a failover may find no majority, or no replica to promote. */
async function informed(
  sentinels: readonly Server[],
  { primaryName }: Watch,
  replicas: number,
): Promise<void> {
  await until('every sentinel knows every replica and every sentinel', async () => {
    const views = await Promise.all(
      sentinels.map((one) => one.cli('SENTINEL', 'MASTER', primaryName).then(fields)),
    );
    const counted = views.every(
      (view) =>
        view.flags === 'master' &&
        view['num-slaves'] === String(replicas) &&
        view['num-other-sentinels'] === String(sentinels.length - 1),
    );
    if (!counted) return false;
    await Promise.all(sentinels.map((one) => one.cli('SENTINEL', 'CKQUORUM', primaryName)));
    const lists = await Promise.all(sentinels.map((one) => one.cli('SENTINEL', 'REPLICAS', primaryName)));
    return lists.every((list) => list.split('\n').filter((line) => line === 'ok').length === replicas);
  });
}

function fields(reply: string): Readonly<Record<string, string>> {
  const lines = reply.split('\n');
  return Object.fromEntries(lines.flatMap((name, at) => (at % 2 === 0 ? [[name, lines[at + 1] ?? '']] : [])));
}

async function agree(
  data: Replicated,
  { agreedPrimary }: Pick<SentinelGroup, 'agreedPrimary'>,
): Promise<boolean> {
  return (await agreedPrimary()) === (await data.primary());
}

function failovers(data: Replicated, sentinels: readonly Server[], { primaryName }: Watch) {
  const agreedPrimary = async () => {
    const asked = sentinels.map((one) => one.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primaryName));
    const replies = (await Promise.allSettled(asked)).flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    );
    const [port, ...others] = new Set(replies.map((reply) => Number(reply.split('\n')[1])));
    const node = data.nodes.find((one) => one.port === port);
    if (!node || others.length > 0)
      throw new Error(`The sentinels name ports ${[port, ...others].join(', ')}.`);
    return node;
  };
  const failedOver = (old: Server) =>
    until(`another primary than port ${old.port}`, async () => {
      const now = await agreedPrimary();
      return now !== old && (await now.cli('ROLE')).startsWith('master') && now;
    });
  const failover = async () => {
    const old = await agreedPrimary();
    // Refused while the last one is being wound up.
    await until('a sentinel takes the order', () => sentinels[0]?.cli('SENTINEL', 'FAILOVER', primaryName));
    const now = await failedOver(old);
    await data.settled();
    return now;
  };
  return { agreedPrimary, failedOver, failover };
}

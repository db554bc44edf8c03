import { addressesOf, every, isInStep, replicationOf, type TestGroup } from './testing-group.js';
import { type ServerPlan, startTestServer, type TestServer, until } from './testing-server.js';

export interface SentinelPlan {
  readonly data: ServerPlan;
  readonly sentinel: ServerPlan;
  readonly replicas: number;
  readonly primaryName: string;
}

/** A primary, its replicas, and three Sentinels that are quick to act. */
export async function startSentinelTest(plan: SentinelPlan): Promise<TestGroup> {
  const { data, primaryName: name } = plan;
  const nodes = await Promise.all(Array.from({ length: 1 + plan.replicas }, () => startTestServer(data)));
  const [first, ...replicas] = nodes;
  const port = String(first?.port);
  await Promise.all(replicas.map((node) => node.command('REPLICAOF', '127.0.0.1', port)));
  await until('the replicas to be in step', () => every(nodes, isInStep));
  const directives = [
    ...plan.sentinel.directives,
    `sentinel monitor ${name} 127.0.0.1 ${port} 2`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  const sentinels = await Promise.all(
    [1, 2, 3].map(() => startTestServer({ ...plan.sentinel, directives, isSentinel: true })),
  );
  const quick = ['INFO-PERIOD', '500', 'PUBLISH-PERIOD', '200', 'ASK-PERIOD', '200'];
  // Releases before 7 keep their pace: what follows takes some seconds longer there.
  await Promise.all(sentinels.map((one) => one.command('SENTINEL', 'DEBUG', ...quick).catch(() => 0)));
  await until('the Sentinels to know one another', () =>
    every(sentinels, (one) => knowsAll(one, name, plan.replicas)),
  );
  return {
    addresses: addressesOf(sentinels),
    nodes,
    servers: [...nodes, ...sentinels],
    primary: () => named(nodes, sentinels, name),
    failover: () => failover(nodes, sentinels, plan),
  };
}

async function knowsAll(sentinel: TestServer, name: string, replicas: number): Promise<boolean> {
  const words = (await sentinel.command('SENTINEL', 'MASTER', name)) as readonly string[];
  const fact = (of: string): string | undefined => words[words.indexOf(of) + 1];
  if (fact('num-slaves') !== String(replicas) || fact('num-other-sentinels') !== '2') return false;
  const listed = await sentinel.command('SENTINEL', 'REPLICAS', name);
  return (listed as readonly (readonly string[])[]).every(
    (one) => one[one.indexOf('master-link-status') + 1] === 'ok',
  );
}

/** The primary that all Sentinels name. */
async function named(
  nodes: readonly TestServer[],
  sentinels: readonly TestServer[],
  name: string,
): Promise<TestServer> {
  const answers = await Promise.all(
    sentinels.map((one) => one.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)),
  );
  const [port, ...others] = new Set(answers.map((answer) => Number((answer as readonly string[])[1])));
  const node = nodes.find((one) => one.port === port);
  if (node === undefined || others.length > 0) throw new Error('The Sentinels do not agree.');
  return node;
}

async function failover(
  nodes: readonly TestServer[],
  sentinels: readonly TestServer[],
  { primaryName: name, replicas }: SentinelPlan,
): Promise<void> {
  const old = await named(nodes, sentinels, name);
  if (old.isUp) {
    // One that has just come back may not know yet that it is a replica.
    await followed(nodes);
    const areReady = () => every(sentinels, (one) => knowsAll(one, name, replicas));
    if (nodes.every((node) => node.isUp)) await until('the Sentinels to see the replicas', areReady);
    // Refused while the last failover is being wound up.
    await until(
      'a Sentinel to begin',
      async () => (await sentinels[0]?.command('SENTINEL', 'FAILOVER', name)) === 'OK',
    );
  }
  await until('another primary', async () => {
    const now = await named(nodes, sentinels, name);
    return now !== old && (await replicationOf(now)).get('role') === 'master';
  });
  await followed(nodes);
}

/** Waits until one is the primary of all that can be asked. */
function followed(nodes: readonly TestServer[]): Promise<void> {
  const up = nodes.filter((node) => node.isUp);
  return until('the others to follow the primary', async () => {
    const roles = await Promise.all(up.map(replicationOf));
    return (
      roles.filter((facts) => facts.get('role') === 'master').length === 1 && (await every(up, isInStep))
    );
  });
}

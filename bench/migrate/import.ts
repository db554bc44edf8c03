import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Address } from '../../src/model/types.ts';
import { type Cluster, startCluster } from '../../tests/support/groups.ts';
import { sow } from '../../tests/support/migration/data.ts';
import { startJudge } from '../../tests/support/migration/judge.ts';
import type { PlainTarget, Written } from '../../tests/support/migration/types.ts';
import { type Server, startServer } from '../../tests/support/servers.ts';
import { account, look, type Round, type Settings, seedOf } from './round.ts';

/** Like the stack beside it: every second to the disk. */
const PERSISTENCE = [
  ['appendonly', 'yes'],
  ['appendfsync', 'everysec'],
];
const NO_LOGIN = {};

/** How `--cluster import` is used: keys move or are copied while the application writes, or while it stands still. */
export type Way = 'move' | 'copy' | 'stopped';

const TITLES: Readonly<Record<Way, string>> = {
  move: '--cluster import, under writes',
  copy: '--cluster import with copy and replace, under writes',
  stopped: '--cluster import, the application stopped',
};

interface Ends {
  readonly source: Server;
  readonly cluster: Cluster;
}

export async function migrateByImport(
  settings: Settings,
  way: Way,
  say: (text: string) => void,
): Promise<Round> {
  const { engine } = settings;
  const source = await startServer({ engine, directives: PERSISTENCE });
  try {
    await using cluster = await startCluster({ engine, shards: 3, replicas: 1, directives: PERSISTENCE });
    return await carryOut({ source, cluster }, settings, way, say);
  } finally {
    await source.dispose();
  }
}

const addressOf = ({ port }: Server): Address => ({ host: '127.0.0.1', port });

async function carryOut(
  ends: Ends,
  settings: Settings,
  way: Way,
  say: (text: string) => void,
): Promise<Round> {
  const { source, cluster } = ends;
  say('sowing');
  await sow(seedOf(settings), [addressOf(source)], NO_LOGIN);
  const before = await look(settings, [addressOf(source)], NO_LOGIN);
  const began = { at: 0 };
  const begin = () => {
    say('importing');
    began.at = performance.now();
  };
  const written = await (way === 'stopped' ? stopAndGo : keepWriting)(ends, settings, way, begin);
  say('verifying');
  const nodes = cluster.nodes.map(addressOf);
  const after = await look(settings, nodes, NO_LOGIN);
  const gap = gapBetween(written.runs);
  const figures = await account(written.runs, nodes, NO_LOGIN);
  return {
    title: TITLES[way],
    totalMs: written.endedAt - began.at,
    ...figures,
    clientGapMs: Math.max(gap, figures.clientGapMs),
    slowestMs: Math.max(gap, figures.slowestMs),
    switchMs: undefined,
    laterMs: undefined,
    isSame: after.digest === before.digest && after.keys === before.keys,
    note: 'the six nodes ran before',
  };
}

type Run = Written & { readonly keyPrefix: string };
interface Runs {
  readonly runs: readonly Run[];
  readonly endedAt: number;
}

const standalone = ({ source }: Ends): PlainTarget => ({
  driver: 'node-redis',
  login: NO_LOGIN,
  kind: 'standalone',
  at: addressOf(source),
});
const clustered = ({ cluster }: Ends): PlainTarget => ({
  driver: 'node-redis',
  login: NO_LOGIN,
  kind: 'cluster',
  seeds: cluster.nodes.map(addressOf),
});

/** The application writes to the old server until the import is over, and then to the cluster. */
async function keepWriting(ends: Ends, { rate }: Settings, way: Way, begin: () => void): Promise<Runs> {
  const keyPrefix = 'shop:bench:';
  const judge = await startJudge({ target: standalone(ends), keyPrefix, rate, workers: 16 });
  try {
    await judge.flows(rate);
    begin();
    await importAll(ends, way === 'copy' ? ['--cluster-copy', '--cluster-replace'] : []);
    await judge.switchTo(clustered(ends));
    const endedAt = performance.now();
    await judge.flows(rate);
    return { runs: [{ ...(await judge.stop()), keyPrefix }], endedAt };
  } finally {
    judge.dispose();
  }
}

/** The application is stopped for as long as it takes. */
async function stopAndGo(ends: Ends, { rate }: Settings, _way: Way, begin: () => void): Promise<Runs> {
  const write = async (target: PlainTarget, keyPrefix: string): Promise<Run> => {
    const judge = await startJudge({ target, keyPrefix, rate, workers: 16 });
    try {
      await judge.flows(rate);
      return { ...(await judge.stop()), keyPrefix };
    } finally {
      judge.dispose();
    }
  };
  const first = await write(standalone(ends), 'shop:bench:1:');
  begin();
  await importAll(ends, []);
  const endedAt = performance.now();
  return { runs: [first, await write(clustered(ends), 'shop:bench:2:')], endedAt };
}

/** Between the last write of one run and the first of the next; 0 for one run. */
function gapBetween(runs: readonly Run[]): number {
  const [first, second] = runs;
  if (first === undefined || second === undefined) return 0;
  const times = (run: Run): readonly number[] => run.ledger.unique.map(([, , at]) => at);
  return Math.min(...times(second)) - Math.max(...times(first));
}

async function importAll({ source, cluster }: Ends, more: readonly string[]): Promise<void> {
  const [first] = cluster.nodes;
  const child = spawn(
    source.engine.cli,
    [
      ...['--cluster', 'import', `127.0.0.1:${first?.port}`],
      ...['--cluster-from', `127.0.0.1:${source.port}`],
      ...more,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`--cluster import gave ${code}`);
}

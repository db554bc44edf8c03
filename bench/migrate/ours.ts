import { sow } from '../../tests/support/migration/data.ts';
import { startJudge } from '../../tests/support/migration/judge.ts';
import { openStage, type Stage, untilJournal } from '../../tests/support/migration/stage.ts';
import { probe } from './prober.ts';
import { account, look, type Round, type Settings, seedOf } from './round.ts';

const MIGRATE = ['--topology', 'cluster', '--shards', '3', '--replicas', '1', '--json'];
const STANDALONE = ['--topology', 'standalone', '--workload', 'primary-data', '--memory', '4Gi'];

/** By this tool: the application goes on all the time, and is told nothing. */
export async function migrateOurs(settings: Settings, say: (text: string) => void): Promise<Round> {
  const library = settings.client === 'ioredis' ? 'ioredis' : 'node-redis';
  const stage = await openStage(settings.engine, ...STANDALONE, '--library', library);
  try {
    return await carryOut(stage, settings, say);
  } finally {
    await stage.dispose();
  }
}

async function carryOut(stage: Stage, settings: Settings, say: (text: string) => void): Promise<Round> {
  const [source] = await stage.dataNodes();
  if (source === undefined) throw new Error('no server runs');
  say('sowing');
  await sow(seedOf(settings), [source], stage.admin);
  const before = await look(settings, [source], stage.admin);
  const target = settings.client === 'emitted' ? await stage.emitted() : await stage.plain(settings.client);
  const judge = await startJudge({ target, keyPrefix: 'shop:bench:', rate: settings.rate, workers: 16 });
  const prober = probe(source, stage.admin, 'shop:probe');
  try {
    await judge.flows(settings.rate);
    say('migrating');
    const execution = stage.migrate(...MIGRATE);
    const switched = untilJournal(stage, 'the switch', ({ done }) => done.includes('switch')).then(() =>
      prober.takeLongest(),
    );
    switched.catch(() => undefined);
    const done = await execution.ended;
    if (done.code !== 0) throw new Error(`migrate gave ${done.code}:\n${done.out}${done.err}`);
    if (settings.client !== 'emitted') await judge.switchTo(await stage.plain(settings.client));
    await judge.flows(settings.rate);
    prober.stop();
    const written = { ...(await judge.stop()), keyPrefix: judge.keyPrefix };
    say('verifying');
    const nodes = await stage.dataNodes();
    const after = await look(settings, nodes, stage.admin);
    return {
      title: `create-redis-stack migrate, ${settings.client} client`,
      totalMs: done.ms,
      ...(await account([written], nodes, stage.admin)),
      switchMs: await switched,
      laterMs: prober.takeLongest(),
      isSame: after.digest === before.digest && after.keys === before.keys,
      note: 'starts the six nodes as well',
    };
  } finally {
    prober.stop();
    judge.dispose();
  }
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { addNode, expectWhole, moveSlots } from '../../src/migrate/slots/index.ts';
import { openConnection } from '../../src/redis/connection.ts';
import { slotOf } from '../../templates/client/src/slot.ts';
import { alone, type Lab, PASSWORD, startLab } from '../../tests/live/migrate-slots-cluster.ts';
import type { Library } from '../../tests/live/migrate-slots-writer.ts';
import { type Engine, engine } from '../../tests/support/engines.ts';

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '2000' },
    engine: { type: 'string', default: 'redis:7.0' },
    client: { type: 'string', default: 'ioredis' },
    rest: { type: 'string', default: '1' },
    hold: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '2' },
    rows: { type: 'string', default: 'ours,redis-cli' },
    way: { type: 'string' },
  },
});

interface Phase {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly longestGapMs: number;
  readonly failed: number;
  readonly said: readonly string[];
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** About 200 MB for a million keys: strings of 100 bytes. */
async function fill(lab: Lab, keys: number): Promise<void> {
  const shards = lab.servers.slice(0, 3);
  const per = await Promise.all(
    shards.map(({ port }) =>
      openConnection({ host: '127.0.0.1', port }, { username: 'default', password: PASSWORD }, 30_000),
    ),
  );
  for (let from = 0; from < keys; from += 3000) {
    const sets: string[][][] = [[], [], []];
    for (let i = from; i < Math.min(keys, from + 3000); i += 1) {
      const key = `seed:${i}`;
      const shard = Math.floor((slotOf(Buffer.from(key)) * 3 + 2) / 16_384);
      sets[shard]?.push(['SET', key, `value ${i} ${'x'.repeat(90)}`]);
    }
    const replies = await Promise.all(per.map((c, i) => c.batch(sets[i] ?? [])));
    for (const reply of replies.flat()) if (reply instanceof Error) throw reply;
  }
  for (const connection of per) connection.close();
}

async function ours(lab: Lab): Promise<string> {
  const result = await moveSlots({
    cluster: lab.members(),
    wishes: alone(lab.members().members, () => 1),
    rest: Number(values.rest),
    holdMs: Number(values.hold),
    parallel: Number(values.parallel),
    ...(values.way === 'by-key' ? { way: 'by-key' as const } : {}),
  });
  const { way, slots, keys, longest, repeated } = result;
  return `${way}, ${slots} slots, ${keys} keys, longest order ${longest?.ms.toFixed(1)} ms, repeated ${repeated}`;
}

async function redisCli(lab: Lab, { cli }: Engine): Promise<string> {
  const port = lab.servers[0]?.port;
  const words = ['--cluster', 'rebalance', `127.0.0.1:${port}`, '--cluster-use-empty-masters'];
  await execa(cli, [...words, '--cluster-pipeline', '100', '-a', PASSWORD, '--no-auth-warning']);
  return 'redis-cli --cluster rebalance --cluster-pipeline 100';
}

async function row(name: string): Promise<void> {
  const [brand = 'redis', line = '7.0'] = values.engine.split(':');
  const server = engine(brand as Engine['name'], line);
  await using lab = await startLab({ engine: server, shards: 3 });
  await fill(lab, Number(values.keys));
  for (let i = 0; i < 3; i += 1) await addNode({ cluster: lab.members(), member: await lab.fresh() });
  const ports = lab.servers.map(({ port }) => port).join(',');
  const file = fileURLToPath(new URL('slots-writer.mjs', import.meta.url));
  const writer = fork(file, [values.client as Library, ports, PASSWORD, values.rate, values.keys]);
  const phase = async (word: string): Promise<Phase> => {
    writer.send(word);
    return (await once(writer, 'message'))[0] as Phase;
  };
  await wait(3000);
  await phase('warm');
  await wait(8000);
  const quiet = await phase('quiet');
  const begun = performance.now();
  const said = name === 'ours' ? await ours(lab) : await redisCli(lab, server);
  const seconds = (performance.now() - begun) / 1000;
  const moving = await phase('end');
  const verdict = await expectWhole(lab.members());
  const show = ({ p50, p99, p999, max, longestGapMs, calls, failed }: Phase) =>
    `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} p99.9 ${p999.toFixed(2)} max ${max.toFixed(0)} gap ${longestGapMs.toFixed(0)} ms, ${calls} calls, ${failed} failed`;
  console.log(`${name} (${values.engine}, ${values.client}): ${seconds.toFixed(1)} s; ${said}`);
  console.log(`  quiet:  ${show(quiet)}`);
  console.log(`  moving: ${show(moving)}; p99 ${(moving.p99 / quiet.p99).toFixed(1)} times the quiet one`);
  if (moving.said.length > 0) console.log(`  ${moving.said.join('; ')}`);
  console.log(`  keys: ${[...verdict.keys.values()].join(' ')}`);
}

for (const name of values.rows.split(',')) await row(name);

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newest } from '../../../tests/support/engines.ts';
import { type Cluster, startCluster } from '../../../tests/support/groups.ts';
import type { Server } from '../../../tests/support/servers.ts';
import { until } from '../../../tests/support/until.ts';
import type { Definition } from '../src/definition.js';
import type { RedisPort } from '../src/port.js';
import { openRedis } from '../src/redis.js';
import { script } from '../src/scripts.js';
import { slotOf } from '../src/slot.js';
import type { Library } from './contract/ground.ts';
import { clusterStack, env, generatedUser } from './stacks.ts';

const bare: Definition<RedisPort> = { name: 'bare', open: ({ port }) => port };
const keyOf = (index: number) => `test:{moving}:${index}`;
const slot = `${slotOf(keyOf(0))}`;
const keys = Array.from({ length: 30 }, (_, index) => keyOf(index));
const read = script(`return redis.call('GET', KEYS[1])`, String);

/** Moves the slot as redis-cli does, with a pause after each key. */
async function moveSlot(from: Server, to: Server, all: readonly Server[], pause: () => Promise<unknown>) {
  const [fromId, toId] = [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')];
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  for (const key of keys) {
    await from.cli('MIGRATE', '127.0.0.1', `${to.port}`, key, '0', '1000');
    await pause();
  }
  for (const node of [to, from, ...all]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
}

/** Holds while a slot moves from one primary to another, for every library. */
export function holdThroughResharding(libraries: readonly Library[]): void {
  describe.each(libraries)('while a slot moves, $name', ({ cluster: connect }) => {
    let cluster: Cluster;
    beforeAll(async () => {
      const engine = newest('redis');
      cluster = await startCluster({ engine, shards: 3, replicas: 0, directives: generatedUser(engine) });
    });
    afterAll(() => cluster?.stop());

    test('its keys are read and written without an error, and its channel is heard again', async () => {
      const redis = await openRedis(connect, clusterStack(cluster.nodes), { env });
      const port = redis.use(bare);
      await Promise.all(keys.map((key) => port.call(key, ['SET', key, key])));
      const heard: string[] = [];
      const channel = 'test:{moving}:channel';
      await port.subscribe('shard', channel, (text) => heard.push(text));
      const from = await cluster.primary(keyOf(0));
      const [to] = (await cluster.primaries()).filter((node) => node !== from);
      if (to === undefined) throw new Error('There is one shard only.');
      const ask = async () => {
        const answers = keys.flatMap((key) => [port.get(key), port.run(read, [key], [])]);
        expect(await Promise.all(answers)).toEqual(keys.flatMap((key) => [key, key]));
        expect(await port.mget(keys.slice(0, 10))).toEqual(keys.slice(0, 10));
        await Promise.all(keys.map((key) => port.call(key, ['SET', key, key])));
      };
      await moveSlot(from, to, cluster.nodes, ask);
      await ask();
      expect(await cluster.primary(keyOf(0))).toBe(to);
      await until('the channel is heard at its new place', async () => {
        await port.call(channel, ['SPUBLISH', channel, 'moved']);
        return heard.includes('moved');
      });
      expect(port.shardOf(keyOf(0))).toBe(`127.0.0.1:${to.port}`);
      await redis.close();
    });

    test('it leaves no connection behind, also when it ends while it looks for the slots', async () => {
      const stack = { ...clusterStack(cluster.nodes), name: 'brief' };
      const connections = async () => {
        const lists = await Promise.all(cluster.nodes.map((node) => node.cli('CLIENT', 'LIST')));
        return lists.flatMap((list) => list.split('\n').filter((line) => line.includes(' name=brief ')));
      };
      for (let round = 0; round < 20; round++) {
        const port = await connect(stack, { env });
        expect((await connections()).length).toBeGreaterThan(0);
        const from = await cluster.primary(keyOf(0));
        const to = cluster.nodes[(cluster.nodes.indexOf(from) + 1) % cluster.nodes.length] ?? from;
        await moveSlot(from, to, cluster.nodes, async () => {});
        // The answer sends it to look for the slots; it is ended at one moment or another of that.
        port.get(keyOf(0)).catch(() => {});
        await sleep(round / 5);
        await port.destroy();
      }
      // What comes late would stay; what is being ended goes.
      await sleep(1000);
      await until('no connection is left', async () => (await connections()).length === 0);
    });
  });
}

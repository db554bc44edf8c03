import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { newest } from '../support/engines.ts';
import { hasEnded } from '../support/process.ts';
import { until } from '../support/until.ts';
import { createScriptStack, type ScriptStack } from './script-stack.ts';

const stacks: ScriptStack[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

/** As containers run; a replica counts for more than an old snapshot soon. */
const supervised = { STACK_ON_STOP: 'handover', STACK_OUTLIVED: '2' };

async function ask(stack: ScriptStack, name: string, ...words: readonly string[]): Promise<string> {
  const connection = await stack.connect(name);
  try {
    return String(await connection.call(...words));
  } finally {
    connection.close();
  }
}

const cases = [
  { kind: 'sentinel', on: newest('redis'), primary: 'node-1' },
  { kind: 'cluster', on: newest('valkey'), primary: 'shard-1-1' },
] as const;

describe('a primary that died and is back before anybody missed it', () => {
  it.each(cases)(
    '$kind: what came after its last snapshot is not taken from the replicas',
    async ({ kind, on, primary }) => {
      const stack = await createScriptStack(on, kind);
      stacks.push(stack);
      const children = new Map(stack.model.nodes.map(({ name }) => [name, stack.start(name, supervised)]));
      await until('all answer', async () => {
        for (const { name } of stack.model.nodes) await ask(stack, name, 'PING');
        return true;
      });
      if (kind === 'cluster') await stack.join();
      const replication = () => ask(stack, primary, 'INFO', 'replication').catch(() => '');
      const replicas = stack.model.nodes.filter((n) => n.role === 'replica' && n.shard === 1);
      await until('replicas are linked', async () =>
        (await replication()).includes(`connected_slaves:${replicas.length}`),
      );
      if (kind === 'sentinel')
        await until('the Sentinels know them', async () =>
          (await ask(stack, 'sentinel-1', 'INFO', 'sentinel')).includes(
            `slaves=${replicas.length},sentinels=3`,
          ),
        );
      // A tag whose slot the first of three shards has.
      const key = (i: number) => `{b}${i}`;
      await ask(stack, primary, 'SET', key(0), 'saved');
      await ask(stack, primary, 'SAVE');
      for (let i = 1; i <= 50; i++) await ask(stack, primary, 'SET', key(i), 'later');
      await until('replicas have run for a while', async () => {
        for (const { name } of replicas)
          if (Number(/uptime_in_seconds:(\d+)/.exec(await ask(stack, name, 'INFO', 'server'))?.[1]) < 2)
            return false;
        return true;
      });

      const child = children.get(primary);
      if (child?.pid === undefined) throw new Error(`${primary} runs`);
      process.kill(-child.pid, 'SIGKILL');
      if (!hasEnded(child)) await once(child, 'exit');
      stack.start(primary, supervised);

      await until('it follows', async () => (await replication()).includes('role:slave'), {
        timeoutMs: 45_000,
      });
      await until('it has all again', async () => (await replication()).includes('master_link_status:up'));
      const [another] = replicas;
      expect(await ask(stack, another?.name ?? '', 'DBSIZE')).toBe('51');
      expect(await ask(stack, primary, 'DBSIZE')).toBe('51');
    },
  );
});

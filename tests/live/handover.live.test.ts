import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../../src/local/observe.ts';
import { identify } from '../../src/local/process.ts';
import { parseFields } from '../../src/redis/replies.ts';
import { newest } from '../support/engines.ts';
import { passwordIn } from '../support/open-model.ts';
import { underTraffic } from '../support/under-traffic.ts';
import { until } from '../support/until.ts';
import { createScriptStack, type ScriptStack } from './script-stack.ts';

const HANDS_OVER = { STACK_ON_STOP: 'handover', STACK_HANDOVER_SECONDS: '25' };

async function look(stack: ScriptStack) {
  return observe({
    model: stack.model,
    credentials: { username: 'admin', password: passwordIn(stack.dir, 'admin') },
  });
}

async function primaryOf(stack: ScriptStack): Promise<string> {
  const found = (await look(stack)).nodes.find((n) => n.role === 'primary' && n.state === 'up');
  if (!found) throw new Error('there is a primary');
  return found.name;
}

const whole = (stack: ScriptStack) =>
  until('the stack is whole', async () => (await look(stack)).missing.length === 0, { timeoutMs: 40_000 });

async function startAll(stack: ScriptStack): Promise<void> {
  for (const { name } of stack.model.nodes) stack.start(name, HANDS_OVER);
  if (stack.model.joins) await stack.join();
  await whole(stack);
}

describe.each(['redis', 'valkey'] as const)('%s', (engine) => {
  describe.each(['sentinel', 'cluster'] as const)('%s', (topology) => {
    let stack: ScriptStack;

    beforeAll(async () => {
      stack = await createScriptStack(newest(engine), topology);
      await startAll(stack);
    });
    afterAll(() => stack.dispose());

    it('primaries that end one after the other hand over first, and no acknowledged write is lost', async () => {
      const toll = await underTraffic(stack.model, stack.app, async () => {
        // The second time its only neighbours came back a moment ago, and Sentinels are not yet content with them.
        for (const _ of [1, 2]) {
          const primary = await primaryOf(stack);
          const { code, log } = await stack.stop(primary);
          expect(log).toMatch(/handover: .* is the primary/);
          expect(code).toBe(0);
          stack.start(primary, HANDS_OVER);
          await whole(stack);
          expect(await primaryOf(stack)).not.toBe(primary);
        }
      });
      expect(toll.acknowledged).toBeGreaterThan(500);
      expect(toll.lost).toBe(0);
    });

    it('a replica has nothing to hand over, and ends at once', async () => {
      const { nodes } = await look(stack);
      const replica = nodes.find((node) => node.role === 'replica')?.name ?? '';
      const { code, log } = await stack.stop(replica);
      expect(code).toBe(0);
      expect(log).not.toContain('handover:');
      stack.start(replica, HANDS_OVER);
      await whole(stack);
    });

    it('all nodes that end together find nobody, and keep everything', async () => {
      const before = (await look(stack)).nodes.map((node) => node.keys);
      const ends = await Promise.all(stack.model.nodes.map(({ name }) => stack.stop(name)));
      expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
      expect(ends.map(({ log }) => log).join('')).not.toMatch(/handover: (after|no replica took over)/);
      for (const { name } of stack.model.nodes) stack.start(name, HANDS_OVER);
      await whole(stack);
      const after = (await look(stack)).nodes.map((node) => node.keys);
      expect(after.reduce((a, b) => a + b, 0)).toBe(before.reduce((a, b) => a + b, 0));
    });
  });
});

describe('the script that stays before the server', () => {
  let stack: ScriptStack;

  beforeAll(async () => {
    stack = await createScriptStack(newest('redis'), 'standalone');
  });
  afterAll(() => stack.dispose());

  /** Starts the node in this shell; gives the process of the server. */
  async function serve(shell: readonly string[]): Promise<number> {
    stack.start('node-1', HANDS_OVER, shell);
    return pidOfServer();
  }

  function pidOfServer(): Promise<number> {
    return until('the server answers', async () => {
      const connection = await stack.connect('node-1');
      const info = parseFields(await connection.call('INFO', 'server'));
      connection.close();
      return Number(info.process_id);
    });
  }

  const isThere = async (pid: number): Promise<boolean> => (await identify(pid)) !== undefined;

  describe.each([['sh'], ['bash --posix']])('%s', (words) => {
    const shell = words.split(' ');

    it('ends as the server does when that crashes', async () => {
      process.kill(await serve(shell), 'SIGKILL');
      expect((await stack.ended('node-1')).code).toBe(128 + 9);
    });

    it('ends well when the server is told to shut down', async () => {
      await serve(shell);
      const connection = await stack.connect('node-1');
      await connection.call('SHUTDOWN').catch(() => undefined);
      connection.close();
      expect((await stack.ended('node-1')).code).toBe(0);
    });

    it.each(['SIGTERM', 'SIGINT'] as const)(
      'ends the server in order on %s, however often',
      async (signal) => {
        const server = await serve(shell);
        const connection = await stack.connect('node-1');
        await connection.call('SET', signal, 'kept');
        connection.close();
        const ended = stack.stop('node-1', signal);
        void stack.stop('node-1', signal);
        const { code, log } = await ended;
        expect(code).toBe(0);
        expect(log).toContain('DB saved on disk');
        expect(await isThere(server)).toBe(false);
      },
    );
  });

  it('is not there where nothing is to be handed over: the server takes its place', async () => {
    const child = stack.start('node-1');
    expect(await pidOfServer()).toBe(child.pid);
    expect((await stack.stop('node-1')).code).toBe(0);
  });
});

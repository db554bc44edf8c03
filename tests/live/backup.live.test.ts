import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Router } from '../../src/backup/router.ts';
import { type Engine, newest } from '../support/engines.ts';
import { createStack, type Stack } from './stack.ts';
import { countKeys, empty, openKeys, readVaried, writeMany, writeVaried } from './varied-data.ts';

interface Opened {
  readonly stack: Stack;
  readonly keys: Router;
}

const opened: Opened[] = [];
afterAll(async () => {
  for (const { stack, keys } of opened) {
    keys.close();
    await stack.dispose();
  }
});

async function open(engine: Engine, ...flags: readonly string[]): Promise<Opened> {
  const stack = await createStack(engine, '--memory', '256Mi', '--eviction', 'noeviction', ...flags);
  await stack.up();
  const one = { stack, keys: await openKeys(stack) };
  opened.push(one);
  return one;
}

interface Made {
  readonly set: string;
  readonly folder: string;
  readonly manifest: { readonly shards: readonly { readonly keys: number; readonly role: string }[] };
}

/** Makes a backup; gives it and the path of its manifest. */
async function backUp({ stack }: Opened): Promise<Made & { readonly path: string }> {
  const { code, out, err } = await stack.command('backup', stack.dir, '--json');
  expect(`${code} ${err}`, out).toBe('0 ');
  const made = JSON.parse(out) as Made;
  return { ...made, path: join(made.folder, `${made.set}.json`) };
}

interface Restored {
  readonly shards: readonly { readonly written: number; readonly sample: { readonly looked: number } }[];
  readonly findings: readonly string[];
  readonly functions: number;
}

async function restore({ stack }: Opened, ...words: readonly string[]): Promise<Restored> {
  const { code, out, err } = await stack.command('restore', stack.dir, '--json', ...words);
  expect(`${code} ${err}`, out).toBe('0 ');
  return JSON.parse(out) as Restored;
}

const sum = (shards: readonly { readonly keys: number }[]) =>
  shards.reduce((total, one) => total + one.keys, 0);

const MANY = 5000;

/** Writes as long as `work` takes; gives how many keys it wrote. */
async function underWrites(keys: Router, work: () => Promise<unknown>): Promise<number> {
  let going = true;
  let written = 0;
  const writing = (async () => {
    for (; going; written++) {
      const key = Buffer.from(`meanwhile:${written}`);
      await keys.send(0, [{ key, words: ['SET', key, 'v'] }]);
    }
  })();
  await work();
  going = false;
  await writing;
  return written;
}

describe.each([newest('redis'), newest('valkey')])('$name $line', (engine) => {
  it('a set of any shape goes into a stack of any other', async () => {
    const three = await open(engine, '--topology', 'cluster', '--shards', '3', '--replicas', '1');
    await writeVaried(three.stack, three.keys);
    await writeMany(three.keys, MANY);
    const then = await readVaried(three.stack, three.keys);
    const held = await countKeys(three.keys);
    let first: Awaited<ReturnType<typeof backUp>> | undefined;
    const written = await underWrites(three.keys, async () => {
      first = await backUp(three);
    });
    if (!first) throw new Error('there is a set');
    expect(first.manifest.shards.map((shard) => shard.role)).toEqual(['replica', 'replica', 'replica']);
    expect(sum(first.manifest.shards)).toBeGreaterThanOrEqual(held);
    expect(sum(first.manifest.shards)).toBeLessThanOrEqual(held + written);

    const four = await open(engine, '--topology', 'cluster', '--shards', '4', '--replicas', '0');
    const inFour = await restore(four, '--from', first.path);
    expect(inFour.findings).toEqual([]);
    expect(inFour.functions).toBe(1);
    expect(await readVaried(four.stack, four.keys)).toEqual(then);
    expect(await countKeys(four.keys)).toBe(sum(first.manifest.shards));

    const second = await backUp(four);
    expect(second.manifest.shards.map((shard) => shard.role)).toEqual(Array(4).fill('primary'));
    const one = await open(engine, '--topology', 'standalone', '--set', 'databases=2');
    expect((await restore(one, '--from', second.path)).findings).toEqual([]);
    expect(await readVaried(one.stack, one.keys)).toEqual(then);

    const third = await backUp(one);
    await empty(four.keys);
    expect((await restore(four, '--from', third.path)).findings).toEqual([]);
    expect(await readVaried(four.stack, four.keys)).toEqual(then);

    await one.keys.send(1, [{ key: Buffer.from('elsewhere'), words: ['SET', 'elsewhere', 'v'] }]);
    const fourth = await backUp(one);
    await empty(four.keys);
    const refused = await four.stack.command('restore', four.stack.dir, '--from', fourth.path, '--json');
    expect(refused.code).toBe(2);
    expect(refused.out).toContain('restore/databases');
    expect(await countKeys(four.keys)).toBe(0);
    await empty(one.keys);
    await restore(one, '--from', fourth.path);
    const [value] = await one.keys.send(1, [{ key: Buffer.from('elsewhere'), words: ['GET', 'elsewhere'] }]);
    expect(String(value)).toBe('v');
  }, 240_000);
});

it('Sentinel: taken from a replica, and written to whoever is primary by then', async () => {
  const group = await open(newest('redis'), '--topology', 'sentinel');
  await writeVaried(group.stack, group.keys);
  await writeMany(group.keys, MANY);
  const then = await readVaried(group.stack, group.keys);
  const made = await backUp(group);
  expect(made.manifest.shards.map((shard) => shard.role)).toEqual(['replica']);
  await empty(group.keys);
  expect((await restore(group)).findings).toEqual([]);
  expect(await readVaried(group.stack, group.keys)).toEqual(then);
});

it('a stack that cannot read the format says so before anything is written', async () => {
  const redis = await open(newest('redis'), '--topology', 'standalone');
  await writeMany(redis.keys, 10);
  const made = await backUp(redis);
  const valkey = await open(newest('valkey'), '--topology', 'standalone');
  const { code, out } = await valkey.stack.command(
    'restore',
    valkey.stack.dir,
    '--from',
    made.path,
    '--json',
  );
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ problems: [{ code: 'restore/format-unknown' }] });
});

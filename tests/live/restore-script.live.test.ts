import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Router } from '../../src/backup/router.ts';
import { engine, newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { byScripts, clusterWithTls, type Environment, type Place, watchArguments } from './restore-place.ts';
import { countKeys, empty, readVaried, writeMany, writeVaried } from './varied-data.ts';

const SCRIPTS = fileURLToPath(new URL('../../templates/compose/scripts', import.meta.url));
const MANY = 3000;
/** So many keys that a restore can be met half way. */
const BIG = 25_000;

const places: Place[] = [];
const children: ReturnType<typeof spawn>[] = [];
/** Sets of one test, and what its restores unpack. */
let sets: string;
let data: string;

beforeEach(() => {
  sets = mkdtempSync(join(tmpdir(), 'sets-'));
  data = mkdtempSync(join(tmpdir(), 'unpacked-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of [sets, data]) rmSync(folder, { recursive: true, force: true });
});

afterAll(async () => {
  for (const { keys, dispose } of places) {
    keys.close();
    await dispose();
  }
});

async function opened(place: Promise<Place>): Promise<Place> {
  places.push(await place);
  return place;
}

/** Runs a script with the programs and passwords of a stack. */
function start(
  { engine: of, dir, environment }: Place,
  script: string,
  words: readonly string[],
  more: Environment = {},
) {
  const child = spawn('sh', [join(SCRIPTS, script), ...words], {
    env: {
      PATH: [of.bin, process.env.PATH].join(delimiter),
      STACK_NAME: 'shop',
      STACK_CLI: `${of.name}-cli`,
      STACK_SERVER: `${of.name}-server`,
      STACK_SECRETS: join(dir, '.secrets'),
      STACK_BACKUP_TO: sets,
      STACK_DATA: data,
      STACK_WAIT: '30',
      ...environment,
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, out, err })) };
}

const restore = (place: Place, more?: Environment, ...words: readonly string[]) =>
  start(place, 'restore.sh', words, more).ended;

/** The name of a new set. */
async function backUp(place: Place): Promise<string> {
  const { code, out, err } = await start(place, 'backup.sh', ['once'], { STACK_WAIT: '20' }).ended;
  expect(code, err).toBe(0);
  return /shop-\w+Z/.exec(out)?.[0] ?? '';
}

/** Fills a stack with every kind of key; gives what can be read of it, and how many keys there are. */
async function fill(place: Place, many = MANY) {
  await empty(place.keys);
  await writeVaried(place, place.keys);
  await writeMany(place.keys, many);
  return { values: await readVaried(place, place.keys), held: await countKeys(place.keys) };
}

/** Restores into an emptied stack; everything is there then, and nothing is left of the unpacked files. */
async function comesBack(place: Place, set: string, { values, held }: Awaited<ReturnType<typeof fill>>) {
  await empty(place.keys);
  const { code, out, err } = await restore(place);
  expect(`${code} ${out}`, err).toBe(`0 restored ${held} keys from ${set}\n`);
  expect(await readVaried(place, place.keys)).toEqual(values);
  expect(await countKeys(place.keys)).toBe(held);
  expect(readdirSync(data)).toEqual([]);
}

const write = (place: Place, database: number, key: Buffer, ...words: readonly (string | Buffer)[]) =>
  place.keys.send(database, [{ key, words: ['SET', key, ...words] }]);

const strange = Buffer.from('a\0\r\n"\\\xff{x}', 'latin1');

describe('a set of backup.sh', () => {
  it('Valkey: of a cluster with TLS goes into a standalone server, and back', async () => {
    const cluster = await opened(clusterWithTls(newest('valkey')));
    const alone = await opened(byScripts(newest('valkey'), 'standalone'));
    const first = await fill(cluster);
    await comesBack(alone, await backUp(cluster), first);
    rmSync(sets, { recursive: true });
    sets = mkdtempSync(join(tmpdir(), 'sets-'));
    await comesBack(cluster, await backUp(alone), first);
  });
});

let old: Place;
let group: Place;
let cluster: Place;

describe('Redis', () => {
  beforeAll(async () => {
    old = await opened(byScripts(engine('redis', '7.0'), 'standalone', 4));
    group = await opened(byScripts(newest('redis'), 'sentinel', 4));
    cluster = await opened(byScripts(newest('redis'), 'cluster'));
  });

  it('a set with two databases goes into a Sentinel group of a newer release, and not into a cluster', async () => {
    const first = await fill(old);
    await write(old, 3, strange, strange, 'PXAT', '4102444800000');
    await write(old, 0, Buffer.from('soon'), 'v', 'PX', '2000');
    const set = await backUp(old);
    await until('a key has run out', async () => (await countKeys(old.keys)) === first.held);
    await empty(group.keys);
    const { code, out, err } = await restore(group);
    expect(`${code} ${out}`, err).toBe(`0 restored ${first.held + 1} keys from ${set}\n`);
    expect(await readVaried(old, group.keys)).toEqual(first.values);
    const [value] = await group.keys.send(3, [{ key: strange, words: ['GET', strange] }]);
    const [expires] = await group.keys.send(3, [{ key: strange, words: ['PEXPIRETIME', strange] }]);
    expect([value, expires]).toEqual([strange, 4102444800000]);

    const refused = await restore(cluster);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('database 3, and a cluster has database 0 only');
    expect(await countKeys(cluster.keys)).toBe(0);
  });

  it('a set of a cluster goes into a Sentinel group', async () => {
    const first = await fill(cluster);
    await comesBack(group, await backUp(cluster), first);
  });

  it('what cannot be restored is refused before anything is written', async () => {
    await fill(group);
    const set = await backUp(group);
    const refusal = async (words: string, more: Environment = {}) => {
      const { code, out, err } = await restore(cluster, more);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(words);
    };
    await empty(cluster.keys);
    await refusal('no set', { STACK_RESTORE_SET: '20200101T000000Z' });
    await refusal('MiB of memory', { STACK_RESTORE_MEMORY: '1000000' });
    const secrets = join(data, 'secrets');
    cpSync(join(cluster.dir, '.secrets'), secrets, { recursive: true });
    writeFileSync(join(secrets, 'admin'), 'wrong\n');
    await refusal('WRONGPASS', { STACK_SECRETS: secrets });

    const file = join(sets, `${set}.shard-1.rdb.gz`);
    const bytes = readFileSync(file);
    const middle = bytes.length >> 1;
    writeFileSync(
      file,
      Buffer.concat([
        bytes.subarray(0, middle),
        Buffer.from([~(bytes[middle] ?? 0)]),
        bytes.subarray(middle + 1),
      ]),
    );
    await refusal('its digest is another one');
    writeFileSync(file, bytes.subarray(0, middle));
    await refusal('it is damaged');
    rmSync(file);
    await refusal('is missing');
    expect(await countKeys(cluster.keys)).toBe(0);

    writeFileSync(file, bytes);
    await write(cluster, 0, Buffer.from('here'), 'before');
    await refusal('the stack holds 1 keys. With STACK_RESTORE_OVER=yes');
    expect(await countKeys(cluster.keys)).toBe(1);
  });

  describe('half way', () => {
    let first: Awaited<ReturnType<typeof fill>>;
    let set: string;
    let kept: string;

    beforeAll(async () => {
      first = await fill(group, BIG);
      kept = sets = mkdtempSync(join(tmpdir(), 'kept-'));
      set = await backUp(group);
    });
    beforeEach(async () => {
      rmSync(sets, { recursive: true });
      cpSync(kept, sets, { recursive: true });
      await empty(cluster.keys);
    });
    afterAll(() => rmSync(kept, { recursive: true, force: true }));

    it('killed and run again it completes; no password is ever an argument', async () => {
      const { child, ended } = start(cluster, 'restore.sh', [set]);
      const watch = watchArguments(cluster);
      await begun(cluster.keys);
      child.kill('SIGKILL');
      await ended;
      // The server that held the file goes with it, and what was unpacked as well.
      await until('nothing is left', () => readdirSync(data).length === 0);
      expect(await countKeys(cluster.keys)).toBeLessThan(first.held);
      await write(cluster, 0, Buffer.from('text'), 'changed since');
      expect((await restore(cluster)).code).toBe(1);
      const again = await restore(cluster, { STACK_RESTORE_OVER: 'yes' }, set.slice('shop-'.length));
      expect(`${again.code} ${again.out}`, again.err).toBe(`0 restored ${first.held} keys from ${set}\n`);
      expect(await readVaried(cluster, cluster.keys)).toEqual(first.values);
      const { clients, shown } = watch();
      expect(clients).toBeGreaterThan(0);
      expect(shown).toEqual([]);
    });

    it('goes on after a failover', async () => {
      const { ended } = start(cluster, 'restore.sh', []);
      await begun(cluster.keys);
      await cluster.kill?.('shard-1-1');
      const { code, out, err } = await ended;
      expect(`${code} ${out}`, err).toBe(`0 restored ${first.held} keys from ${set}\n`);
      expect(err).toContain('once more from the start');
    });
  });
});

const begun = (keys: Router) =>
  until('keys arrive', async () => (await countKeys(keys)) > 1000, { everyMs: 5 });

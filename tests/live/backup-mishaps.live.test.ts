import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Router } from '../../src/backup/router.ts';
import { placeOnLoopback } from '../../src/local/place.ts';
import { backupEnvironment } from '../../src/model/environment.ts';
import { newest } from '../support/engines.ts';
import { openModel } from '../support/open-model.ts';
import { signalGroup } from '../support/process.ts';
import { until } from '../support/until.ts';
import { createStack, type Stack } from './stack.ts';
import { countKeys, empty, openKeys, writeMany } from './varied-data.ts';

const MANY = 20_000;

let stack: Stack;
let keys: Router;
/** A set of MANY keys. */
let whole: string;
let folder: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  stack = await createStack(newest('redis'), '--topology', 'standalone', '--memory', '256Mi');
  await stack.up();
  keys = await openKeys(stack);
  await writeMany(keys, MANY);
  expect((await stack.command('backup', stack.dir)).code).toBe(0);
  whole = join(stack.dir, 'backups/sets');
});

afterAll(async () => {
  keys?.close();
  await stack?.dispose();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sets-'));
});

afterEach(() => {
  for (const child of started.splice(0)) signalGroup(child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The script of the job, as a process group of its own. */
async function script(mode: string, more: Record<string, string> = {}, before: readonly string[] = []) {
  const { nodes } = await stack.status();
  const placed = placeOnLoopback(openModel(stack.dir), new Map(nodes.map((n) => [n.name, { port: n.port }])));
  const words = [join(stack.dir, 'conf/scripts/backup.sh'), mode];
  const [file = 'sh', ...args] = before.length > 0 ? [...before, ...words] : ['sh', ...words];
  const child = spawn(file, args, {
    env: {
      ...stack.env,
      ...backupEnvironment(placed),
      STACK_SECRETS: join(stack.dir, '.secrets'),
      STACK_BACKUP_TO: folder,
      ...more,
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return { child, said: () => said, ended: once(child, 'close').then(([code]) => ({ code, said })) };
}

async function run(mode: string, more: Record<string, string> = {}, before: readonly string[] = []) {
  return (await script(mode, more, before)).ended;
}

const files = () => readdirSync(folder).filter((name) => !name.startsWith('.'));
const manifests = () => files().filter((name) => name.endsWith('.json'));

/** A run that has begun to write and is held still there. */
async function held() {
  const running = await script('once');
  await until('a copy to begin', () => files().some((name) => name.endsWith('.rdb.partial')), { everyMs: 2 });
  signalGroup(running.child, 'SIGSTOP');
  return running;
}

describe('a backup', () => {
  it('is made by one at a time', async () => {
    const first = await held();
    const second = await run('once');
    expect(second.code).toBe(1);
    expect(second.said).toContain('another backup of shop is being made');
    signalGroup(first.child, 'SIGCONT');
    expect((await first.ended).code).toBe(0);
    expect(manifests()).toHaveLength(1);
  });

  it('that was killed half way counts as nothing, and the next one removes what it left', async () => {
    expect((await run('once')).code).toBe(0);
    const [before] = manifests();
    const killed = await held();
    signalGroup(killed.child, 'SIGKILL');
    await killed.ended;
    expect(manifests()).toEqual([before]);
    const next = await run('once');
    expect(next.said).toContain('an earlier run left unfinished');
    expect(next.code).toBe(0);
    expect(manifests()).toHaveLength(2);
    expect(files()).toHaveLength(4);
  });

  it('on a full disk says so, and takes nothing old away', async () => {
    expect((await run('once', { STACK_BACKUP_KEEP: '1' })).code).toBe(0);
    const before = files();
    const small = ['sh', '-c', 'trap "" XFSZ; ulimit -f 64; exec sh "$@"', 'sh'];
    const full = await run('once', { STACK_BACKUP_KEEP: '1' }, small);
    expect(full.code).toBe(1);
    // What is too much may be part of a write: the client then says no more than that it was short.
    expect(full.said).toMatch(
      /could not be (copied|compressed).*(too large|No space|short write).*sets of before are untouched/i,
    );
    expect(files()).toEqual(before);
  });

  it('takes the place of the oldest, never of one when the stack is empty', async () => {
    for (let i = 0; i < 3; i++) expect((await run('once', { STACK_BACKUP_KEEP: '2' })).code).toBe(0);
    expect(manifests()).toHaveLength(2);
    expect(files()).toHaveLength(4);
    await empty(keys);
    try {
      const { said } = await run('once', { STACK_BACKUP_KEEP: '1' });
      expect(said).toContain('the stack is empty');
      expect(manifests()).toHaveLength(3);
    } finally {
      await writeMany(keys, MANY);
    }
  });

  it('by the job: at once where there is none, then not before it is due; a failure ends nothing', async () => {
    expect((await run('health')).code).toBe(1);
    const job = await script('loop', { STACK_BACKUP_EVERY: '600' });
    await until('the first set', () => manifests().length === 1);
    expect((await run('health')).code).toBe(0);
    signalGroup(job.child, 'SIGTERM');
    expect((await job.ended).code).toBe(0);
    const lost = await script('loop', {
      STACK_BACKUP_FROM: '127.0.0.1:1',
      STACK_BACKUP_TO: join(folder, '..'),
    });
    await until('the complaint', () => lost.said().includes('trying again in'));
    expect(lost.child.exitCode).toBeNull();
  });
});

/** A copy of the set that was made first, to be harmed; gives its manifest. */
function copySet(): string {
  cpSync(whole, folder, { recursive: true });
  const [manifest = ''] = manifests().sort();
  return join(folder, manifest);
}

describe('a set that is not as it was', () => {
  const part = (manifest: string) => manifest.replace(/\.json$/, '.shard-1.rdb.gz');

  it.each([
    ['cut short', 'backup/file-cut', (path: string) => truncateSync(part(path), 1000)],
    [
      'changed',
      'backup/file-changed',
      (path: string) => {
        const bytes = readFileSync(part(path));
        bytes.writeUInt8((bytes.readUInt8(500) + 1) % 256, 500);
        writeFileSync(part(path), bytes);
      },
    ],
    ['without a part', 'backup/file-missing', (path: string) => rmSync(part(path))],
    ['without its manifest', 'backup/no-such-set', (path: string) => rmSync(path)],
    ['with a manifest cut short', 'backup/bad-manifest', (path: string) => truncateSync(path, 200)],
  ] as const)('%s: nothing is touched', async (_, problem, harm) => {
    const path = copySet();
    harm(path);
    for (const way of ['--replace', '--drill']) {
      const { code, out } = await stack.command('restore', stack.dir, '--from', path, '--json', '--yes', way);
      expect(code).toBe(2);
      expect(JSON.parse(out)).toMatchObject({ problems: [{ code: problem }] });
    }
    expect(await countKeys(keys)).toBe(MANY);
  });

  it('shows in the list', async () => {
    truncateSync(part(copySet()), 1000);
    const { code, out } = await stack.command('backup', stack.dir, '--list', '--json', '--to', folder);
    expect(code).toBe(1);
    expect((JSON.parse(out) as { sets: { missing: string[] }[] }).sets[0]?.missing[0]).toContain('cut short');
    expect((await stack.command('backup', stack.dir, '--list')).code).toBe(0);
  });
});

describe('a drill', () => {
  it('finds what is right, and leaves nothing', async () => {
    const { code, out } = await stack.command('restore', stack.dir, '--drill', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      shards: [{ noted: MANY, found: MANY, sample: { missing: [] } }],
    });
    expect(readdirSync(join(stack.dir, '.redis-stack/run')).filter((n) => n.startsWith('scratch'))).toEqual(
      [],
    );
  });

  it('finds a count that is wrong', async () => {
    const path = copySet();
    writeFileSync(path, readFileSync(path, 'utf8').replace(`"keys": ${MANY}`, `"keys": ${MANY + 1}`));
    const { code, out } = await stack.command('restore', stack.dir, '--drill', '--from', path);
    expect(code).toBe(1);
    expect(out).toContain(`${MANY} keys in it, and it was noted with ${MANY + 1}`);
  });
});

describe('a restore', () => {
  const set = (key: string, value: string) =>
    keys.send(0, [{ key: Buffer.from(key), words: ['SET', key, value] }]);
  const get = async (key: string) =>
    String((await keys.send(0, [{ key: Buffer.from(key), words: ['GET', key] }]))[0]);

  it('asks before it writes over anything', async () => {
    const refused = await stack.command('restore', stack.dir, '--json');
    expect(refused.code).toBe(2);
    expect(refused.out).toContain('restore/not-empty');
    const unasked = await stack.command('restore', stack.dir, '--replace', '--json');
    expect(unasked.code).toBe(2);
    expect(unasked.out).toContain('restore/not-confirmed');
  });

  it('adds without a change to what is there; replaces where it is told to', async () => {
    await set('many:1', 'mine');
    await set('own', 'mine');
    await keys.send(0, [{ key: Buffer.from('many:2'), words: ['DEL', 'many:2'] }]);
    expect((await stack.command('restore', stack.dir, '--add')).code).toBe(0);
    expect([await get('many:1'), await get('many:2'), await get('own')]).toEqual(['mine', 'value 2', 'mine']);
    expect((await stack.command('restore', stack.dir, '--replace', '--yes')).code).toBe(0);
    expect([await get('many:1'), await get('own')]).toEqual(['value 1', 'mine']);
    await keys.send(0, [{ key: Buffer.from('own'), words: ['DEL', 'own'] }]);
  });

  it('that was killed half way is finished by the next one', async () => {
    await empty(keys);
    const child = spawn('node', [stack.cli, 'restore', stack.dir], {
      env: { ...stack.env },
      stdio: 'ignore',
    });
    await until('some keys to be back', async () => (await countKeys(keys)) > 1000, { everyMs: 2 });
    child.kill('SIGKILL');
    const present = await countKeys(keys);
    expect(present).toBeLessThan(MANY);
    await until('its server to end with it', async () => !(await scratchRuns()));
    const { code, out } = await stack.command('restore', stack.dir, '--add', '--json');
    expect(code).toBe(0);
    const [shard] = (JSON.parse(out) as { shards: { written: number; kept: number }[] }).shards;
    expect((shard?.written ?? 0) + (shard?.kept ?? 0)).toBe(MANY);
    expect(shard?.kept).toBeGreaterThanOrEqual(present);
    expect(await countKeys(keys)).toBe(MANY);
    expect(readdirSync(join(stack.dir, '.redis-stack/run')).filter((n) => n.startsWith('scratch'))).toEqual(
      [],
    );
  });
});

/** A server that was started in a folder of this stack for a look at a set. */
async function scratchRuns(): Promise<boolean> {
  const { stdout } = await execa('sh', ['-c', 'ls -l /proc/[0-9]*/cwd 2>/dev/null || true']);
  return stdout.split('\n').some((line) => line.includes(`${stack.dir}/.redis-stack/run/scratch-`));
}

it('a folder that cannot be written is said to be so', async () => {
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner/file'), '');
  const { code, said } = await run('once', { STACK_BACKUP_TO: join(folder, 'inner/file') });
  expect(code).toBe(1);
  expect(said).toContain('is no folder that user');
});

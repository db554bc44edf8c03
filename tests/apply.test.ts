import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { applyStack, generate, planStack } from '../src/pipeline.ts';
import { expectValue, ProblemError } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { type Files, randomBytes, realFiles } from '../src/system.ts';
import { finishInterrupted } from '../src/workspace/apply.ts';
import { expectFreeFolder } from '../src/workspace/target.ts';
import { Crash, MemoryFiles } from './support/memory-files.ts';

const ROOT = '/home/me/shop';
const zeros = (count: number) => Buffer.alloc(count, 7);

function apply(files: Files, input: SpecInput, root = ROOT): void {
  const generated = generate(expectValue(parseSpec(input, 'shop')).spec);
  const plan = planStack({ files, randomBytes: zeros }, root, generated);
  applyStack({ files }, root, generated, plan);
}

const OLD: SpecInput = { topology: { kind: 'sentinel' } };
const NEW: SpecInput = { topology: { kind: 'cluster' }, targets: ['compose'] };

/** Where a run starts from, and what it does. */
const situations = [
  { what: 'a new folder', start: () => new MemoryFiles(), input: OLD },
  { what: 'an empty folder', start: emptyFolder, input: OLD },
  { what: 'another topology over a stack', start: stack, input: NEW },
] as const;

function emptyFolder(): MemoryFiles {
  const files = new MemoryFiles();
  files.makeDirectory(ROOT);
  return files.reboot();
}

function stack(): MemoryFiles {
  const files = new MemoryFiles();
  apply(files, OLD);
  files.write(`${ROOT}/notes.txt`, 'mine\n', 0o600);
  return files.reboot();
}

/** Counts the changes of the disk that a whole run makes. */
function changesOf({ start, input }: (typeof situations)[number]): number {
  const files = start();
  apply(files, input);
  return files.changes;
}

const everyChange = situations.flatMap((s) =>
  Array.from({ length: changesOf(s) }, (_, i) => ({ ...s, at: i + 1 })),
);

describe('all files or none, whatever happens at any change of the disk', () => {
  it('has many changes to fail at', () => {
    expect(everyChange.length).toBeGreaterThan(200);
  });

  it('a full disk leaves the old tree and nothing beside it', () => {
    for (const { what, start, input, at } of everyChange) {
      const files = start();
      const old = files.tree();
      files.fault = { at, kind: 'full' };
      let failed = false;
      try {
        apply(files, input);
      } catch (error) {
        failed = true;
        expect(error, `${what}, change ${at}`).toBeInstanceOf(ProblemError);
      }
      // The last steps tidy up after the new tree is in place: then it must be whole.
      const expected = failed ? old : whole(what, start, input);
      expect(withoutLeftovers(files.tree()), `${what}, change ${at}`).toEqual(expected);
    }
  });

  it('a crash leaves the old tree or the new one, at the latest after the next run', {
    timeout: 120_000,
  }, () => {
    for (const { what, start, input, at } of everyChange) {
      const files = start();
      const old = files.tree();
      files.fault = { at, kind: 'crash' };
      expect(() => apply(files, input), `${what}, change ${at}`).toThrow(Crash);
      const rebooted = files.reboot();
      for (const lock of [`${ROOT}/.redis-stack/lock`]) rebooted.files.delete(lock);
      if (rebooted.kind(ROOT)) finishInterrupted(rebooted, ROOT);
      const tree = JSON.stringify(withoutBuilding(rebooted.tree()));
      expect(
        [JSON.stringify(old), JSON.stringify(whole(what, start, input))],
        `${what}, change ${at}`,
      ).toContain(tree);
    }
  });
});

const wholes = new Map<string, Record<string, string>>();

/** The tree that nothing disturbed, made once for each kind of run. */
function whole(what: string, start: () => MemoryFiles, input: SpecInput): Record<string, string> {
  const known = wholes.get(what);
  if (known) return known;
  const files = start();
  apply(files, input);
  const tree = files.tree();
  wholes.set(what, tree);
  return tree;
}

/** A fault while the lock or the staging folder is removed leaves that, which the next run clears. */
function withoutLeftovers(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !/\.redis-stack\/(lock|tmp\/)/.test(path)),
  );
}

/** What a crash leaves of a folder that was still being built beside its place. */
function withoutBuilding(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !/\.shop\.creating-\d+\//.test(path)));
}

describe('on a real disk', () => {
  const folders: string[] = [];
  const umask = process.umask();
  afterEach(() => {
    process.umask(umask);
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  it.each([0o022, 0o077, 0o000])('modes hold under umask %o', (mask) => {
    const folder = mkdtempSync(join(tmpdir(), 'apply-'));
    folders.push(folder);
    process.umask(mask);
    const root = join(folder, 'a/b/shop');
    const generated = generate(expectValue(parseSpec(OLD, 'shop')).spec);
    const plan = planStack({ files: realFiles, randomBytes }, root, generated);
    applyStack({ files: realFiles }, root, generated, plan);
    const mode = (path: string) => statSync(join(root, path)).mode & 0o777;
    expect(mode('.env')).toBe(0o600);
    expect(mode('.secrets')).toBe(0o700);
    expect(mode('conf/scripts/start-node.sh')).toBe(0o755);
    expect(mode('conf/redis.conf')).toBe(0o644);
  });

  it('two runs at once: the second is told, and a lock of a dead process is taken over', () => {
    const folder = mkdtempSync(join(tmpdir(), 'apply-'));
    folders.push(folder);
    realFiles.write(join(folder, '.redis-stack/lock'), `${process.pid}\n`, 0o600);
    expect(() => apply(realFiles, OLD, folder)).toThrow(/Another run/);
    realFiles.write(join(folder, '.redis-stack/lock'), '999999999\n', 0o600);
    apply(realFiles, OLD, folder);
    expect(existsSync(join(folder, '.redis-stack/lock'))).toBe(false);
    expect(existsSync(join(folder, 'redis-stack.yaml'))).toBe(true);
  });
});

describe('our own records are input like any other', () => {
  const forged = (path: string, change: (state: { files: Record<string, unknown> }) => void) => {
    const files = stack();
    const state = JSON.parse(files.read(`${ROOT}/.redis-stack/state.json`) ?? '') as {
      files: Record<string, unknown>;
    };
    change(state);
    files.write(path, JSON.stringify(state), 0o644);
    return files;
  };

  it.each(['../../etc/passwd', '/etc/passwd', 'conf/../../x', 'C:/x', 'a//b', './a', 'a\\b', ''])(
    'a path %j in state.json is refused',
    (bad) => {
      const files = forged(`${ROOT}/.redis-stack/state.json`, (state) => {
        state.files[bad] = Object.values(state.files)[0];
      });
      expect(() => apply(files, NEW)).toThrow(ProblemError);
    },
  );

  it('a forged journal moves nothing outside', () => {
    const files = stack();
    files.write('/home/me/precious', 'mine\n', 0o600);
    const steps = [
      { op: 'delete', path: '../precious' },
      { op: 'write', path: '/home/me/precious' },
    ];
    files.write(`${ROOT}/.redis-stack/tmp/journal.json`, JSON.stringify(steps), 0o600);
    finishInterrupted(files, ROOT);
    expect(files.read('/home/me/precious')).toBe('mine\n');
  });

  it('a text in base/ that state.json does not speak of counts for nothing: nothing is written', () => {
    const files = stack();
    files.write(`${ROOT}/conf/redis.conf`, 'maxmemory 1gb\n', 0o644);
    files.write(`${ROOT}/.redis-stack/base/conf/redis.conf`, 'maxmemory 1gb\n', 0o644);
    const before = files.tree();
    expect(() => apply(files, NEW)).toThrow(/It was edited/);
    expect(files.tree()).toEqual(before);
  });
});

describe('where a new stack may go', () => {
  it('what a killed run has built beside it is swept away, and nothing else', () => {
    const files = new MemoryFiles();
    for (const name of [
      '.shop.creating-999999999',
      `.shop.creating-${process.pid}`,
      '.shop.creating-x',
      '.other.creating-999999999',
    ]) {
      files.write(`/home/me/${name}/file`, 'x', 0o644);
    }
    expectFreeFolder(files, ROOT, 'shop');
    expect(files.list('/home/me')).toEqual([
      `.other.creating-999999999`,
      `.shop.creating-${process.pid}`,
      '.shop.creating-x',
    ]);
  });

  it.each([
    ['nothing there', (): MemoryFiles => new MemoryFiles(), undefined],
    ['an empty folder', emptyFolder, undefined],
    ['a fresh repository', () => withFile('.git/HEAD'), undefined],
    ['other files', () => withFile('index.html'), 'target/not-empty'],
    ['a stack', stack, 'target/stack-exists'],
  ] as const)('%s', (_, found, code) => {
    const look = () => expectFreeFolder(found(), ROOT, 'shop');
    if (code === undefined) expect(look).not.toThrow();
    else expect(look).toThrow(ProblemError);
  });
});

function withFile(path: string): MemoryFiles {
  const files = new MemoryFiles();
  files.write(`${ROOT}/${path}`, 'x', 0o644);
  return files;
}

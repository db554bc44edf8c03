import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canRead } from '../src/backup/format.ts';
import { type Manifest, parseManifest } from '../src/backup/manifest.ts';
import { chooseSet, setNames } from '../src/backup/sets.ts';
import { parsePeriod } from '../src/model/backup.ts';
import { generate } from '../src/pipeline.ts';
import { expectValue } from '../src/problem.ts';
import { equivalentCommand } from '../src/spec/command.ts';
import { editSpecText } from '../src/spec/edit.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { printSpec } from '../src/spec/print.ts';
import { readSpecText } from '../src/spec/read.ts';
import type { StackSpec } from '../src/spec/types.ts';
import { MemoryFiles } from './support/memory-files.ts';
import { hostileText } from './support/specs.ts';

const specOf = (backup: unknown): StackSpec => expectValue(parseSpec({ backup }, 'shop')).spec;
const codes = (backup: unknown) => {
  const parsed = parseSpec({ backup }, 'shop');
  return parsed.ok ? [] : parsed.problems.map((p) => `${p.code} ${p.at}`);
};
const composeOf = (spec: StackSpec) =>
  generate(spec).files.find((file) => file.path === 'compose.yaml')?.text ?? '';

describe('backup in redis-stack.yaml', () => {
  it('an empty section is a job with defaults; none is no job', () => {
    expect(specOf({}).backup).toEqual({ every: '24h', keep: 7, to: 'folder', endpoint: '', region: '' });
    expect(specOf(undefined)).not.toHaveProperty('backup');
    expect(composeOf(specOf({}))).toContain('/stack/scripts/backup.sh');
    expect(composeOf(specOf(undefined))).not.toContain('backup.sh');
  });

  it('a bucket has a service of its own, whose key is in a file', () => {
    const spec = specOf({ to: 's3://shop-backups/eu/redis', endpoint: 'http://store:9000' });
    expect(composeOf(spec)).toContain('STACK_BUCKET: shop-backups/eu/redis');
    expect(composeOf(spec)).toContain('file: ./.secrets/bucket');
    const paths = generate(spec).files.map((file) => file.path);
    expect(paths).toContain('conf/scripts/upload.sh');
    expect(generate(specOf({})).files.map((file) => file.path)).not.toContain('conf/scripts/upload.sh');
  });

  it.each([
    [{ every: '1s' }, 'spec/invalid-value backup.every'],
    [{ every: '4m' }, 'spec/invalid-value backup.every'],
    [{ every: '24h; rm -rf /' }, 'spec/invalid-value backup.every'],
    [{ keep: 0 }, 'spec/invalid-value backup.keep'],
    [{ to: '/etc' }, 'spec/invalid-value backup.to'],
    [{ to: 's3://UPPER' }, 'spec/invalid-value backup.to'],
    [{ to: 's3://bucket/../other' }, 'spec/invalid-value backup.to'],
    [{ to: 's3://bucket/$(id)' }, 'spec/invalid-value backup.to'],
    [{ to: 's3://bucket', endpoint: 'ftp://x' }, 'spec/invalid-value backup.endpoint'],
    [{ endpoint: 'https://store' }, 'backup/no-bucket backup.endpoint'],
    [{ keeps: 3 }, 'spec/unknown-key backup.keeps'],
  ])('%j: %s', (backup, problem) => {
    expect(codes(backup)).toEqual([problem]);
  });

  it('is printed, read again, and part of the equivalent command', () => {
    const spec = specOf({ every: '6h', to: 's3://shop/x', region: 'eu-central-1' });
    const read = expectValue(readSpecText(printSpec(spec), 'redis-stack.yaml'));
    expect(expectValue(parseSpec(read, 'shop')).spec).toEqual(spec);
    expect(equivalentCommand(spec, 'shop')).toContain('--set backup.every=6h');
    expect(equivalentCommand(specOf({}), 'shop')).toContain('--set backup.every=24h');
  });

  it('switched on in a file that its owner wrote, also with nothing but defaults', () => {
    const before = expectValue(parseSpec({}, 'shop')).spec;
    const after = specOf({});
    const text = editSpecText('# mine\nname: shop\n', before, after);
    expect(text).toContain('# mine');
    const read = expectValue(readSpecText(text, 'redis-stack.yaml'));
    expect(expectValue(parseSpec(read, 'shop')).spec).toEqual(after);
  });

  it.each([
    ['5m', 300],
    ['24h', 86_400],
    ['7d', 604_800],
    ['367d', undefined],
    ['1.5h', undefined],
    ['', undefined],
  ])('%s is %s seconds', (text, seconds) => {
    expect(parsePeriod(text)).toBe(seconds);
  });
});

const NAME = 'shop-20260102T030405Z.json';

const manifest = (): Manifest => ({
  format: 1,
  name: 'shop',
  time: '2026-01-02T03:04:05Z',
  seconds: 1_767_323_045,
  engine: 'redis',
  version: '8.0.2',
  topology: 'cluster',
  shards: [1, 2].map((n) => ({
    file: `shop-20260102T030405Z.shard-${n}.rdb.gz`,
    bytes: 10,
    sha256: 'a'.repeat(64),
    rdbVersion: 12,
    keys: 3,
    databases: { 0: 3 },
    offset: 7,
    source: '127.0.0.1:7011',
    role: 'replica' as const,
  })),
});

const parses = (value: unknown) => parseManifest(JSON.stringify(value), NAME).ok;

describe('a manifest', () => {
  it('is taken as the script writes it', () => {
    expect(expectValue(parseManifest(JSON.stringify(manifest()), NAME))).toEqual(manifest());
  });

  it('names files of its own set only, in order', () => {
    for (const file of [
      '../../etc/passwd',
      '/etc/passwd',
      'shop-20260102T030405Z.shard-2.rdb.gz',
      'other',
      '',
    ]) {
      const [first, ...rest] = manifest().shards;
      expect(parses({ ...manifest(), shards: [{ ...first, file }, ...rest] })).toBe(false);
    }
  });

  it('of another form is refused, and nothing is thrown', () => {
    expect(parses({ ...manifest(), format: 2 })).toBe(false);
    expect(parses({ ...manifest(), shards: [] })).toBe(false);
    expect(parses([])).toBe(false);
    expect(parseManifest('{', NAME).ok).toBe(false);
    expect(parseManifest('', NAME).ok).toBe(false);
    expect(parseManifest(`"${'x'.repeat(2_000_000)}"`, NAME).ok).toBe(false);
    const fields = fc.constantFrom('name', 'time', 'seconds', 'engine', 'version', 'topology', 'shards');
    fc.assert(
      fc.property(fields, fc.oneof(hostileText, fc.jsonValue()), (field, value) => {
        const parsed = parseManifest(JSON.stringify({ ...manifest(), [field]: value }), NAME);
        return parsed.ok || parsed.problems[0]?.code === 'backup/bad-manifest';
      }),
    );
    const shardFields = fc.constantFrom(
      'file',
      'bytes',
      'sha256',
      'keys',
      'databases',
      'offset',
      'source',
      'role',
    );
    fc.assert(
      fc.property(shardFields, hostileText, (field, value) => {
        const [first, ...rest] = manifest().shards;
        const harmed = { ...manifest(), shards: [{ ...first, [field]: value }, ...rest] };
        return field === 'source' || !parses(harmed);
      }),
    );
  });
});

describe('the sets of a folder', () => {
  const files = new MemoryFiles();
  for (const name of [
    'shop-20260102T030405Z.json',
    'shop-20260103T030405Z.json',
    'shop-eu-20260104T030405Z.json',
    'shop-20260105T030405Z.shard-1.rdb.gz',
    'shop-20260106T030405Z.json.partial',
    'shop-notes.json',
  ])
    files.write(`/sets/${name}`, JSON.stringify(manifest()), 0o644);
  const choose = (from: string) => () => chooseSet({ files, cwd: '/', folder: '/sets', stack: 'shop', from });

  it('are those with a manifest, of this stack, newest first', () => {
    expect(setNames(files, '/sets', 'shop')).toEqual(['shop-20260103T030405Z', 'shop-20260102T030405Z']);
    expect(setNames(files, '/nowhere', 'shop')).toEqual([]);
  });

  it('are chosen by name, by time and by path', () => {
    for (const from of ['shop-20260102T030405Z', '20260102T030405Z', '/sets/shop-20260102T030405Z.json'])
      expect(choose(from)().name).toBe('shop-20260102T030405Z');
    expect(choose('nothing')).toThrow('no such set');
    // Its files are named after another time than its own.
    expect(choose('newest')).toThrow('does not describe a backup');
  });
});

describe('formats', () => {
  it.each([
    // Redis 8 into Redis 8, 7 and Valkey 8 and 9; Redis 7.0 into Valkey 9; Valkey 9 into Redis 8 and itself.
    [12, 12, true],
    [10, 12, false],
    [11, 12, false],
    [80, 12, false],
    [80, 10, true],
    [12, 80, false],
    [80, 80, true],
  ])('a server of %i and a set of %i: %s', (own, version, can) => {
    expect(canRead(own, version)).toBe(can);
  });
});

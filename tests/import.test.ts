import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { FAMILIES } from '../src/engines/releases.ts';
import { CHART_DEFAULTS } from '../src/import/defaults.ts';
import { ANY } from '../src/import/defaults-blocks.ts';
import { importValues } from '../src/import/index.ts';
import { leavesOf } from '../src/import/leaves.ts';
import { isTree } from '../src/import/read.ts';
import { entryFor, TABLE } from '../src/import/table.ts';
import { PRESETS } from '../src/import/topic-memory.ts';
import { CHARTS, type Chart, type KeyAccount, type Tree, VERDICTS } from '../src/import/types.ts';
import { parseBytes } from '../src/model/bytes.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { caseNames, caseRoot, readTree } from './support/case-folders.ts';
import { runCommand } from './support/run-command.ts';
import { hostileText } from './support/specs.ts';

const SECRETS = /never-show-this|correct-horse-battery|hunter2|secret-of-/;

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function workplace(values: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  folders.push(folder);
  writeFileSync(join(folder, 'values.yaml'), values);
  return folder;
}

const options = (chart?: Chart) => ({ place: 'values.yaml', chart, name: undefined, fallback: 'shop' });

/** A whole file as the chart ships it, with a real tag where the default is any text. */
function shipped(chart: Chart): Tree {
  const text = JSON.stringify(CHART_DEFAULTS[chart]).replaceAll(`"${ANY}"`, '"8.0.3-debian-12-r1"');
  return JSON.parse(text) as Tree;
}

describe('values files: the spec, and what became of each key', () => {
  it.each(caseNames('import'))('%s', async (name) => {
    const from = join(caseRoot('import'), name);
    const cwd = workplace(readFileSync(join(from, 'values.yaml'), 'utf8'));
    const before = readTree(cwd);
    const { code, out, err } = await runCommand(cwd, ['import', 'values.yaml']);
    if (process.env.WRITE_GOLDEN && !process.env.CI) {
      writeFileSync(join(from, 'spec.yaml'), out);
      writeFileSync(join(from, 'screen.txt'), err);
    }
    expect(code).toBe(0);
    expect(out).toBe(readFileSync(join(from, 'spec.yaml'), 'utf8'));
    expect(err).toBe(readFileSync(join(from, 'screen.txt'), 'utf8'));
    expect(out + err).not.toMatch(SECRETS);
    expect(readTree(cwd)).toEqual(before);
  });

  it.each(caseNames('import'))('%s: every key has its account, and no secret is in it', async (name) => {
    const text = readFileSync(join(caseRoot('import'), name, 'values.yaml'), 'utf8');
    const cwd = workplace(text);
    const { out } = await runCommand(cwd, ['import', 'values.yaml', '--json']);
    const { keys, spec } = JSON.parse(out) as {
      keys: { key: string; line: number; verdict: string; why: string; to?: string }[];
      spec: unknown;
    };
    for (const { key } of leavesOf(parse(text) as Tree))
      expect(
        keys.some((account) => account.key.startsWith(key)),
        key,
      ).toBe(true);
    for (const account of keys) {
      expect(VERDICTS).toContain(account.verdict);
      expect(account.why).not.toBe('');
      expect(account.line).toBeGreaterThan(0);
      if (['taken', 'elsewhere'].includes(account.verdict)) expect(account.to, account.key).toBeDefined();
    }
    expect(out).not.toMatch(SECRETS);
    expect(expectValue(parseSpec(spec, 'x')).spec).toEqual(spec);
  });
});

function hasProperty(schema: unknown, [first = '', ...rest]: readonly string[]): boolean {
  const properties = isTree(schema) ? schema.properties : undefined;
  if (!isTree(properties) || !Object.hasOwn(properties, first)) return false;
  return rest.length === 0 || hasProperty(properties[first], rest);
}

describe('the mapping', () => {
  it.each(CHARTS)('knows every key of chart %s', (chart) => {
    const path = join(caseRoot('import'), `bitnami-${chart}-keys.json`);
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: string[] };
    expect(keys.length).toBeGreaterThan(200);
    expect(keys.filter((key) => entryFor(key) === undefined)).toEqual([]);
  });

  it('has no entry that speaks for no key', () => {
    const keys = CHARTS.flatMap((chart) => {
      const read = readFileSync(join(caseRoot('import'), `bitnami-${chart}-keys.json`), 'utf8');
      return [
        ...(JSON.parse(read) as { keys: string[] }).keys,
        ...leavesOf(CHART_DEFAULTS[chart]).map((l) => l.key),
      ];
    });
    // Not in a file as it is shipped: limits of resources, what older releases had, and mappings that are empty.
    const given = [
      'requests.cpu',
      'limits.cpu',
      'requests.memory',
      'limits.memory',
      'limits.ephemeral-storage',
    ];
    const more = given.flatMap((key) => [`master.resources.${key}`, `sentinel.resources.${key}`]);
    const speaking = new Set(
      [...keys, ...more, 'metrics.resources.limits.memory', 'common.exampleValue'].map(entryFor),
    );
    expect(TABLE.filter((entry) => !speaking.has(entry)).map((entry) => entry.keys)).toEqual([]);
  });

  it.each(CHARTS)('counts what is as chart %s comes, and says why the rest is not', (chart) => {
    const { keys, recognised, parsed } = expectValue(importValues(stringify(shipped(chart)), options()));
    expect(recognised.chart).toBe(chart);
    const verdicts = new Set(keys.map((account) => account.verdict));
    expect([...verdicts].sort()).toEqual(['default', 'taken']);
    expect(keys.filter((account) => account.verdict === 'taken').length).toBeLessThan(15);
    expect(parsed.spec.memory.limit).toBe('192Mi');
    expect(parsed.spec.topology).toEqual(
      chart.endsWith('cluster')
        ? { kind: 'cluster', shards: 3, replicas: 1 }
        : { kind: 'sentinel', replicas: 3, sentinels: 3, quorum: 2 },
    );
    expect(parsed.spec.persistence.mode).toBe(chart.endsWith('cluster') ? 'hybrid' : 'aof');
  });

  it('sends nobody to a value that the chart of the stack does not have', () => {
    const schema = readFileSync(new URL('../templates/helm/values.schema.json', import.meta.url), 'utf8');
    const places = TABLE.flatMap(({ to }) => (to?.startsWith('helm:') ? [to.slice(5)] : []));
    expect(places.length).toBeGreaterThan(30);
    expect(places.filter((path) => !hasProperty(JSON.parse(schema), path.split('.')))).toEqual([]);
  });

  it('presets are sizes', () => {
    const sizes = Object.values(PRESETS).map((size) => parseBytes(size) ?? 0);
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    expect(sizes[0]).toBe(192 * 2 ** 20);
  });
});

/** What a user may set beside the defaults; each goes with all others. */
const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  'image.tag': ['latest', '6.2.7', '7.2.5-debian-12-r0', '9.9', '', null],
  architecture: ['replication', null],
  'sentinel.enabled': [true, false],
  'sentinel.quorum': [0, 1, 2, 7],
  'replica.replicaCount': [0, 1, 2, 3, 4, 12],
  'cluster.nodes': [6, 7, 12, 400],
  'cluster.replicas': [0, 1],
  commonConfiguration: [
    '',
    'save ""',
    'appendonly no',
    'maxmemory 100mb\nmaxmemory-policy allkeys-lru',
    'maxmemory 700gb\nsave ""\nappendonly no',
    'maxmemory 70tb',
    'maxmemory 0\nmaxmemory-policy volatile-ttl\ndatabases 4',
    'appendfsync always\nrequirepass x\nnonsense',
  ],
  'master.extraFlags': [['--maxmemory-policy volatile-lru'], ['--maxmemory', '60mb']],
  'master.disableCommands': [[], ['KEYS'], ['GET']],
  'master.resources.limits.memory': ['10Mi', '1Gi', '1e9', 2147483648],
  'replica.resources.limits.memory': ['512Mi', '3Gi'],
  'master.resourcesPreset': ['nano', 'none', '2xlarge'],
  'master.persistence.enabled': [true, false],
  'persistence.enabled': [true, false],
  'redis.configmap': ['maxmemory 1gb', 'databases 7'],
  'redis.useAOFPersistence': ['yes', 'no', true],
  'tls.enabled': [false],
  'auth.enabled': [true, false],
  'metrics.enabled': [true, false],
  fullnameOverride: ['shop-redis', 'Not A Name', ''],
};

function setAt(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) tree[first] = value;
  else {
    const below = tree[first];
    const next: Record<string, unknown> = isTree(below) ? { ...below } : {};
    setAt(next, rest, value);
    tree[first] = next;
  }
}

const someChoices = fc.record(
  Object.fromEntries(Object.entries(CHOICES).map(([key, values]) => [key, fc.constantFrom(...values)])),
  { requiredKeys: [] },
);

function someDefaults(chart: Chart, start: number, count: number): Record<string, unknown> {
  const leaves = leavesOf(shipped(chart));
  const tree: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const leaf = leaves[(start + i * 37) % leaves.length];
    if (leaf) setAt(tree, leaf.path, leaf.value);
  }
  return tree;
}

function isAccounted(key: string, accounts: readonly KeyAccount[]): boolean {
  return accounts.some((account) => account.key === key || account.key.startsWith(`${key}: `));
}

describe('any values', () => {
  it('that the charts accept make a spec that is accepted, and every key is accounted for', () => {
    let seen = 0;
    const property = fc.property(
      fc.constantFrom(...CHARTS),
      someChoices,
      fc.nat(),
      fc.integer({ min: 0, max: 40 }),
      (chart, choices, start, count) => {
        const tree = someDefaults(chart, start, count);
        for (const [key, value] of Object.entries(choices)) setAt(tree, key.split('.'), value);
        const text = stringify(tree, { version: '1.1' });
        const { parsed, keys } = expectValue(importValues(text, options(chart)));
        expect(expectValue(parseSpec(parsed.spec, 'x')).spec).toEqual(parsed.spec);
        expect(leavesOf(tree).filter(({ key }) => !isAccounted(key, keys))).toEqual([]);
        seen += 1;
      },
    );
    fc.assert(property, { numRuns: 100 });
    expect(seen).toBeGreaterThanOrEqual(100);
  });

  it('that are hostile are refused or accounted for, and never throw', () => {
    const paths = CHARTS.flatMap((chart) => leavesOf(CHART_DEFAULTS[chart]).map(({ path }) => path));
    const value = fc.oneof(
      hostileText,
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, [], {}, [[]], { a: 1 }),
    );
    const property = fc.property(
      fc.array(fc.tuple(fc.constantFrom(...paths), value), { maxLength: 12 }),
      fc.option(fc.constantFrom(...CHARTS), { nil: undefined }),
      (pairs, chart) => {
        const tree: Record<string, unknown> = {};
        for (const [path, given] of pairs) setAt(tree, path, given);
        const result = importValues(stringify(tree, { version: '1.1' }), options(chart));
        if (result.ok) expectValue(parseSpec(result.value.parsed.spec, 'x'));
        else for (const p of result.problems) expect(p.remedy).not.toBe('');
      },
    );
    fc.assert(property, { numRuns: 100 });
  });
});

describe('a values file is read as Helm reads it', () => {
  const read = (text: string, chart?: Chart) => expectValue(importValues(text, options(chart)));

  it('yes and on are true, << merges, null is as if it were not there', () => {
    const { parsed, keys } = read(
      'x-size: &size {limits: {memory: 2Gi}}\narchitecture: standalone\nmaster: {resources: {<<: *size}}\n' +
        'metrics: {enabled: on}\nimage: {tag: null}\n',
    );
    expect(parsed.spec.memory.limit).toBe('2Gi');
    expect(parsed.spec.targets).toContain('monitoring');
    expect(keys.find(({ key }) => key === 'image.tag')?.verdict).toBe('default');
    expect(keys.find(({ key }) => key.startsWith('x-size'))?.verdict).toBe('unknown');
  });

  it('with the heading of `helm get values`, and lines stay what they are', () => {
    const { keys } = read('USER-SUPPLIED VALUES:\narchitecture: standalone\n');
    expect(keys.map(({ key, line }) => [key, line])).toEqual([['architecture', 2]]);
  });

  it('the engine shows in its image and in its words', () => {
    const chartOf = (text: string) => read(text).recognised.chart;
    expect(chartOf('architecture: standalone')).toBe('redis');
    expect(chartOf('architecture: standalone\nimage: {repository: mirror.example.com/bitnami/valkey}')).toBe(
      'valkey',
    );
    expect(chartOf('primary: {resourcesPreset: small}')).toBe('valkey');
    expect(chartOf('cluster: {nodes: 6}')).toBe('redis-cluster');
    expect(chartOf('cluster: {nodes: 6}\nvalkey: {resourcesPreset: small}')).toBe('valkey-cluster');
  });

  it('releases that are too old, too new or none at all', () => {
    const versionOf = (tag: string) =>
      read(`architecture: standalone\nimage: {tag: "${tag}"}`).parsed.spec.engine.version;
    const { lines, defaultLine } = FAMILIES.redis;
    expect(versionOf('6.2.16-debian-12-r3')).toBe(lines[0]);
    expect(versionOf('8.0.3-debian-12-r1')).toBe('8.0');
    expect(versionOf('99.1')).toBe(lines.at(-1));
    expect(versionOf('latest')).toBe(defaultLine);
  });

  it('a limit is found for maxmemory, and maxmemory gives way to a limit', () => {
    const alone = read('architecture: standalone\ncommonConfiguration: maxmemory 900mb\n');
    expect(alone.parsed.spec.memory).toMatchObject({ limit: '2Gi', maxmemory: '900mb' });
    const both = read(
      'architecture: standalone\ncommonConfiguration: maxmemory 900mb\nmaster: {resources: {limits: {memory: 512Mi}}}\n',
    );
    expect(both.parsed.spec.memory).toMatchObject({ limit: '512Mi', maxmemory: 'auto' });
    expect(both.keys.find(({ key }) => key.endsWith(': maxmemory'))?.verdict).toBe('not-possible');
  });
});

describe('import into a folder', () => {
  it('writes a whole stack, says so, and `update` finds nothing to do', async () => {
    const from = join(caseRoot('import'), 'redis-standalone-cache', 'values.yaml');
    const cwd = workplace(readFileSync(from, 'utf8'));
    const { code, out } = await runCommand(cwd, ['import', 'values.yaml', 'shop']);
    expect(code).toBe(0);
    expect(out).toContain('Taken over into the spec:');
    expect(out).toContain('Wrote shop');
    for (const path of ['redis-stack.yaml', 'conf/redis.conf', 'compose.yaml', '.env'])
      expect(existsSync(join(cwd, 'shop', path)), path).toBe(true);
    const files = Object.values(readTree(join(cwd, 'shop')));
    expect(files.filter((text) => SECRETS.test(text))).toEqual([]);
    expect((await runCommand(cwd, ['update', 'shop'])).code).toBe(0);
  });

  it('a password is put in place as the account says', async () => {
    const cwd = workplace('architecture: standalone\nauth: {password: old-password-1}\n');
    const { out } = await runCommand(cwd, ['import', 'values.yaml', 'shop']);
    expect(out).toContain('put it into .env as REDIS_APP_PASSWORD');
    const env = join(cwd, 'shop', '.env');
    writeFileSync(env, readFileSync(env, 'utf8').replace(/^(REDIS_APP_PASSWORD=).*$/m, '$1old-password-1'));
    expect((await runCommand(cwd, ['update', 'shop'])).code).toBe(0);
    expect(readFileSync(join(cwd, 'shop', '.secrets', 'app'), 'utf8')).toBe('old-password-1\n');
  });

  it('--dry-run prints and writes nothing; --name wins over fullnameOverride', async () => {
    const cwd = workplace('architecture: standalone\nfullnameOverride: other\n');
    const ran = await runCommand(cwd, ['import', 'values.yaml', 'shop', '--dry-run', '--name', 'shop']);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('name: shop');
    expect(ran.err).toContain('The stack is named shop.');
    expect(existsSync(join(cwd, 'shop'))).toBe(false);
  });

  it('--all lists what is as the chart comes', async () => {
    const cwd = workplace('architecture: standalone\nclusterDomain: cluster.local\n');
    const brief = await runCommand(cwd, ['import', 'values.yaml']);
    const all = await runCommand(cwd, ['import', 'values.yaml', '--all']);
    expect(brief.err).toContain('1 key; --all lists them.');
    expect(all.err).toContain('2: clusterDomain = cluster.local');
  });
});

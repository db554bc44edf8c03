import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { merge } from '../../src/plan/merge/index.ts';

function clean(path: string, pristine: string, current: string, next: string): string {
  const result = merge(path, pristine, current, next);
  if (!result.ok) throw new Error(`clash: ${JSON.stringify(result.clashes)}`);
  return result.text;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

describe('package.json of the client', () => {
  const before = json({
    name: 'shop-redis',
    scripts: { build: 'tsc', test: 'node --test' },
    dependencies: { '@redis/client': '5.0.0' },
    files: ['dist'],
  });
  const mine = before
    .replace('"dependencies": {', '"dependencies": {\n    "lru-cache": "11.0.0",')
    .replace('"build": "tsc"', '"build": "tsc --pretty"')
    .replace('"files": ["dist"]', '"files": ["dist", "README.md"]')
    .replace('"files": [\n    "dist"\n  ]', '"files": [\n    "dist",\n    "README.md"\n  ]');
  const after = json({
    name: 'shop-redis',
    engines: { node: '>=20' },
    scripts: { build: 'tsc', test: 'node --test', lint: 'biome check' },
    dependencies: { '@redis/client': '6.3.1' },
    files: ['dist', 'schema'],
  });

  it('keeps a dependency, a script and a file of the user while versions change beside them', () => {
    expect(JSON.parse(clean('client/package.json', before, mine, after))).toEqual({
      name: 'shop-redis',
      engines: { node: '>=20' },
      scripts: { build: 'tsc --pretty', test: 'node --test', lint: 'biome check' },
      dependencies: { 'lru-cache': '11.0.0', '@redis/client': '6.3.1' },
      files: ['dist', 'README.md', 'schema'],
    });
  });

  it('a new key goes behind the one that it follows in our text', () => {
    const keys = Object.keys(JSON.parse(clean('client/package.json', before, mine, after)) as object);
    expect(keys).toEqual(['name', 'engines', 'scripts', 'dependencies', 'files']);
  });

  it('one version with two new values clashes, and each side can be taken', () => {
    const pinned = before.replace('5.0.0', '5.1.0');
    expect(merge('package.json', before, pinned, after)).toMatchObject({
      ok: false,
      clashes: [{ at: 'dependencies.@redis/client', current: '"5.1.0"', next: '"6.3.1"' }],
    });
    for (const [side, version] of [['yours', '5.1.0'] as const, ['generated', '6.3.1'] as const]) {
      const settled = merge('package.json', before, pinned, after, side);
      expect(settled.ok && JSON.parse(settled.text)).toMatchObject({
        engines: { node: '>=20' },
        dependencies: { '@redis/client': version },
      });
    }
  });

  it('comments and trailing commas of a tsconfig.json stay', () => {
    const ours = '{\n  "compilerOptions": {\n    "target": "es2022",\n    "strict": true\n  }\n}\n';
    const edited = ours.replace('"strict": true', '"strict": true, // as everywhere here\n    "paths": {},');
    expect(clean('tsconfig.json', ours, edited, ours.replace('es2022', 'es2023'))).toBe(
      edited.replace('es2022', 'es2023'),
    );
  });
});

const RULES = `groups:
  - name: redis
    rules:
      - alert: RedisDown
        expr: redis_up == 0
        for: 1m
        labels:
          severity: critical
      - alert: RedisMemoryHigh
        expr: redis_memory_used_bytes / redis_memory_max_bytes > 0.9
        for: 5m
        labels:
          severity: warning
`;

describe('Prometheus rules', () => {
  const mine = RULES.replace('for: 5m', 'for: 15m # our batch job needs it').replace(
    '      - alert: RedisMemoryHigh',
    '      # ours\n      - alert: ShopQueueLong\n        expr: redis_list_length > 100\n      - alert: RedisMemoryHigh',
  );
  const next = RULES.replace('redis_up == 0', 'max_over_time(redis_up[1m]) == 0').concat(
    '      - alert: RedisReplicaLost\n        expr: redis_connected_slaves < 1\n',
  );

  it('rules are told apart by their name: one changed by each side, one new from each', () => {
    const text = clean('prometheus/rules.yaml', RULES, mine, next);
    const { groups } = parse(text) as { groups: { rules: Record<string, unknown>[] }[] };
    expect(groups[0]?.rules.map((r) => [r.alert, r.expr, r.for])).toEqual([
      ['RedisDown', 'max_over_time(redis_up[1m]) == 0', '1m'],
      ['ShopQueueLong', 'redis_list_length > 100', undefined],
      ['RedisMemoryHigh', 'redis_memory_used_bytes / redis_memory_max_bytes > 0.9', '15m'],
      ['RedisReplicaLost', 'redis_connected_slaves < 1', undefined],
    ]);
    expect(text).toContain('      # ours\n      - alert: ShopQueueLong\n');
    expect(text).toContain('for: 15m # our batch job needs it');
  });

  it('a rule that the user took out stays away; one that we retire goes', () => {
    const fewer = RULES.slice(0, RULES.indexOf('      - alert: RedisMemoryHigh'));
    const louder = RULES.replace('severity: warning', 'severity: critical');
    const text = clean('rules.yaml', RULES, fewer, louder.replace('for: 1m', 'for: 2m'));
    expect(text).toBe(fewer.replace('for: 1m', 'for: 2m'));
    expect(clean('rules.yaml', RULES, `# ours\n${RULES}`, fewer)).toBe(`# ours\n${fewer}`);
  });

  it('the first line of an item, right behind its dash, can change', () => {
    const ports = 'ports:\n  - protocol: tcp\n    name: redis\n    port: 6379\n';
    const edited = ports.replace('port: 6379', 'port: 6379\n    nodePort: 30000');
    expect(clean('values.yaml', ports, edited, ports.replace('tcp', 'TCP'))).toBe(
      edited.replace('tcp', 'TCP'),
    );
  });

  it('two rules of one name cannot be told apart: the lines decide', () => {
    const twice = RULES.replace('RedisMemoryHigh', 'RedisDown');
    expect(clean('rules.yaml', twice, twice.replace('5m', '9m'), twice.replace('== 0', '< 1'))).toBe(
      twice.replace('5m', '9m').replace('== 0', '< 1'),
    );
    expect(merge('rules.yaml', twice, twice.replace('5m', '9m'), twice.replace('5m', '7m')).ok).toBe(false);
  });
});

const VALUES = `# Values of the chart.
image:
  repository: docker.io/library/redis
  tag: "8.0"
resources:
  requests: { cpu: 250m, memory: 1Gi }
  limits:
    memory: 1Gi
persistence:
  size: 4Gi
extraEnv:
  - name: TZ
    value: UTC
tolerations: []
`;

describe('Helm values', () => {
  const mine = VALUES.replace('  limits:\n', '  # measured in the load test\n  limits:\n    cpu: "2"\n')
    .replace('persistence:\n', 'podAnnotations:\n  team: payments\n\npersistence:\n')
    .replace('    value: UTC\n', '    value: Europe/Berlin\n  - name: EXTRA\n    value: "1"\n');
  const next = VALUES.replace('"8.0"', '"8.2"')
    .replaceAll('1Gi', '2Gi')
    .replace('size: 4Gi', 'size: 8Gi\n  storageClass: ""')
    .replace('tolerations: []', 'tolerations: []\naffinity: {}');

  it('resources, annotations and variables of the user stay while sizes and versions change', () => {
    const text = clean('chart/values.yaml', VALUES, mine, next);
    expect(parse(text)).toEqual({
      image: { repository: 'docker.io/library/redis', tag: '8.2' },
      resources: { requests: { cpu: '250m', memory: '2Gi' }, limits: { cpu: '2', memory: '2Gi' } },
      podAnnotations: { team: 'payments' },
      persistence: { size: '8Gi', storageClass: '' },
      extraEnv: [
        { name: 'TZ', value: 'Europe/Berlin' },
        { name: 'EXTRA', value: '1' },
      ],
      tolerations: [],
      affinity: {},
    });
    expect(text).toContain('  # measured in the load test\n  limits:\n');
  });

  it('an item changed by both to different ends clashes under its name, and each side can be taken', () => {
    const theirs = next.replace('value: UTC', 'value: Etc/UTC');
    expect(merge('values.yaml', VALUES, mine, theirs)).toMatchObject({
      ok: false,
      clashes: [{ at: 'extraEnv[name=TZ].value', current: '"Europe/Berlin"', next: '"Etc/UTC"' }],
    });
    for (const [side, value] of [['yours', 'Europe/Berlin'] as const, ['generated', 'Etc/UTC'] as const]) {
      const settled = merge('values.yaml', VALUES, mine, theirs, side);
      expect(settled.ok && parse(settled.text)).toMatchObject({
        image: { tag: '8.2' },
        extraEnv: [{ name: 'TZ', value }, { name: 'EXTRA' }],
      });
    }
  });
});

describe('Compose', () => {
  const before = `services:
  node-1:
    image: redis:8.0
    ports: ["127.0.0.1:6379:6379"]
    volumes:
      - type: volume
        source: node-1
        target: /data
      - type: bind
        source: ./conf
        target: /conf
`;

  it('volumes are told apart by where they are mounted', () => {
    const mine = before
      .replace('source: node-1\n', 'source: fast-disk\n')
      .concat('      - type: tmpfs\n        target: /scratch\n');
    const next = before.replace('target: /conf', 'target: /conf\n        read_only: true');
    const { services } = parse(clean('compose.yaml', before, mine, next)) as {
      services: Record<string, { volumes: unknown[] }>;
    };
    expect(services['node-1']?.volumes).toEqual([
      { type: 'volume', source: 'fast-disk', target: '/data' },
      { type: 'bind', source: './conf', target: '/conf', read_only: true },
      { type: 'tmpfs', target: '/scratch' },
    ]);
  });

  it('a port that both moved has two new values', () => {
    const moved = (port: number) => before.replace(':6379:', `:${port}:`);
    expect(merge('compose.yaml', before, moved(7000), moved(8000))).toMatchObject({
      ok: false,
      clashes: [{ at: 'services.node-1.ports' }],
    });
    expect(merge('compose.yaml', before, moved(7000), moved(8000), 'generated')).toEqual({
      ok: true,
      text: moved(8000),
    });
  });

  it('a comment inside of what changes around it stays', () => {
    const mine = before.replace('    image:', '    # rolled back after the incident\n    image:');
    const next = before.replace('redis:8.0', 'redis:8.2').replace('6379:6379', '6380:6379');
    expect(clean('compose.yaml', before, mine, next)).toBe(
      next.replace('    image:', '    # rolled back after the incident\n    image:'),
    );
  });
});

describe('files of variables', () => {
  const before = 'A=\nB=one\n';

  it('a variable of the user stays; one that both changed clashes alone', () => {
    expect(clean('.env.example', before, 'A=\nB=one\n# ours\nexport C=3\n', 'A=\nB=two\nD=\n')).toBe(
      'A=\nB=two\nD=\n# ours\nexport C=3\n',
    );
    expect(merge('.env.example', before, 'A=\nB=three\n', 'A=\nB=two\n')).toMatchObject({
      ok: false,
      clashes: [{ at: 'B', current: 'B=three', next: 'B=two' }],
    });
  });
});

describe('what a text is written in', () => {
  it('a byte order mark of the user stays', () => {
    const mine = '\uFEFFport 1\nhz 50\n';
    expect(clean('conf/redis.conf', 'port 1\n', mine, 'port 2\n')).toBe('\uFEFFport 2\nhz 50\n');
  });

  it.each(['conf/redis.conf', 'README.md'])('each side of a clash in %s can be taken', (path) => {
    const [p, c, n] = ['limit 1\nx 1\ny 1\nz 1\n', 'limit 2\nx 1\ny 1\nz 9\n', 'limit 3\nx 1\ny 1\nz 1\n'];
    expect(merge(path, p, c, n, 'yours')).toEqual({ ok: true, text: c });
    expect(merge(path, p, c, n, 'generated')).toEqual({ ok: true, text: 'limit 3\nx 1\ny 1\nz 9\n' });
  });
});

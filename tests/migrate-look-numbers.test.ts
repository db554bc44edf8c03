import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../src/engines/types.ts';
import type { NodeFacts, SourceFacts } from '../src/migrate/look/facts.ts';
import { canRead } from '../src/migrate/look/formats.ts';
import { estimate, freeHere, inWords, otherTools, routeOf } from '../src/migrate/look/index.ts';
import { neededDisk, neededMemory } from '../src/migrate/look/room.ts';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { caseRoot } from './support/case-folders.ts';

const healthy = JSON.parse(readFileSync(join(caseRoot('migrate-look'), 'healthy.json'), 'utf8')) as NodeFacts;

const modelOf = (input: SpecInput) =>
  buildModel(expectValue(parseSpec({ engine: { name: 'redis', version: '7.0' }, ...input }, 'shop')).spec);

describe('what each release can read', () => {
  const TABLE: readonly (readonly [EngineName, string, EngineName, string, ReturnType<typeof canRead>])[] = [
    ['redis', '6.2.14', 'redis', '7.0', 'yes'],
    ['redis', '7.0.15', 'redis', '8.0', 'yes'],
    ['redis', '8.0.2', 'redis', '7.0', 'no'],
    ['redis', '7.2.4', 'valkey', '8.1', 'yes'],
    ['redis', '7.4.1', 'valkey', '9.1', 'no'],
    ['redis', '8.0.2', 'valkey', '9.1', 'no'],
    ['valkey', '8.1.1', 'valkey', '8.0', 'yes'],
    ['valkey', '8.0.1', 'redis', '7.0', 'no'],
    ['valkey', '8.1.1', 'redis', '8.0', 'yes'],
    ['valkey', '9.1.2', 'redis', '8.0', 'without-expiring-fields'],
    ['valkey', '9.1.2', 'valkey', '8.1', 'without-expiring-fields'],
    ['valkey', '9.1.2', 'valkey', '9.0', 'yes'],
  ];
  it.each(TABLE)('%s %s to %s %s: %s', (from, version, to, line, verdict) => {
    expect(canRead({ engine: from, version }, { name: to, version: line })).toBe(verdict);
  });
});

describe('routes', () => {
  const standalone = modelOf({ topology: { kind: 'standalone' } });
  const sentinel = modelOf({ topology: { kind: 'sentinel', replicas: 2, sentinels: 3 } });
  const cluster = (shards: number, replicas = 1) =>
    modelOf({ topology: { kind: 'cluster', shards, replicas } });

  it('servers that stay keep their data', () => {
    expect(routeOf(standalone, sentinel)).toMatchObject({ copies: 0, switches: 0, slots: 0, newReplicas: 2 });
    expect(routeOf(cluster(3), cluster(4))).toMatchObject({
      copies: 0,
      newPrimaries: 1,
      newReplicas: 1,
      slots: 4096,
    });
    expect(routeOf(cluster(4), cluster(3))).toMatchObject({ newPrimaries: 0, newReplicas: 0, slots: 4096 });
  });

  it('another way of dividing keys begins with a copy', () => {
    expect(routeOf(standalone, cluster(4))).toMatchObject({
      copies: 1,
      newPrimaries: 4,
      newReplicas: 4,
      slots: 12_288,
      switches: 1,
    });
    expect(routeOf(cluster(4), standalone)).toMatchObject({ copies: 1, newPrimaries: 1, slots: 12_288 });
    expect(routeOf(undefined, sentinel)).toMatchObject({ copies: 1, newReplicas: 2, slots: 0 });
  });
});

describe('room', () => {
  const SLOTS = 16_384;
  const totals = { primaries: [], keys: 0, usedBytes: 900, datasetBytes: 600, writtenBytesPerSecond: 0 };
  const model = (input: SpecInput) => modelOf({ memory: { limit: '1Gi' }, ...input });
  const standalone = model({ topology: { kind: 'standalone' } });
  const cluster = (replicas: number) => model({ topology: { kind: 'cluster', shards: 3, replicas } });

  it('one copy, the slots that move, and a share for each replica', () => {
    expect(routeOf(standalone, cluster(1)).slots).toBe(Math.round((SLOTS * 2) / 3));
    expect(neededMemory(totals, routeOf(standalone, cluster(0))).dataBytes).toBeCloseTo(1500, -1);
    expect(neededMemory(totals, routeOf(standalone, cluster(1))).dataBytes).toBeCloseTo(2400, -1);
    expect(neededMemory(totals, routeOf(cluster(0), standalone)).dataBytes).toBeCloseTo(1500, -1);
    expect(neededMemory(totals, routeOf(standalone, standalone))).toEqual({ dataBytes: 0, forkBytes: 0 });
  });

  it('a log takes the disk twice while it is rewritten', () => {
    const into = (mode: 'rdb' | 'aof') => {
      const after = model({ topology: { kind: 'cluster', replicas: 0 }, persistence: { mode } });
      return neededDisk(totals, routeOf(standalone, after), after);
    };
    expect(into('aof')).toBeCloseTo(2 * into('rdb'), -1);
  });

  it('is asked of the nearest folder that is there', () => {
    const { freeMemoryBytes, freeDiskBytes } = freeHere(join(tmpdir(), 'not', 'there', 'yet'));
    expect(freeMemoryBytes).toBeGreaterThan(0);
    expect(freeDiskBytes).toBeGreaterThan(0);
  });
});

describe('times', () => {
  it.each([
    [{ low: 0.1, high: 0.4 }, 'under 1 s'],
    [{ low: 0.2, high: 3.4 }, 'about 1-4 s'],
    [{ low: 20.2, high: 39.5 }, 'about 20-40 s'],
    [{ low: 3, high: 3 }, 'about 3 s'],
    [{ low: 60, high: 600 }, 'about 1-10 min'],
    [{ low: 290, high: 300 }, 'about 5 min'],
  ] as const)('%o is %s', (span, words) => {
    expect(inWords(span)).toBe(words);
  });

  it('grow with the data, and are nothing where nothing is done', () => {
    const of = (keys: number) => {
      const databases = [{ db: 0, keys, expires: 0, expiringFields: undefined }];
      const facts = { nodes: [{ ...healthy, databases }], unseen: [], silent: [] };
      return estimate(facts, routeOf(undefined, modelOf({ topology: { kind: 'cluster' } })));
    };
    expect(of(2_000_000).copySeconds.high).toBeGreaterThan(of(1_000_000).copySeconds.high);
    expect(of(2_000_000).slotsSeconds.low).toBeCloseTo(2 * of(1_000_000).slotsSeconds.low);
    const nothing = { copies: 0, newReplicas: 0, newPrimaries: 0, slots: 0, shards: 1 };
    const route = { ...nothing, atomicSlots: false, restarts: 0, switches: 0 };
    expect(estimate({ nodes: [healthy], unseen: [], silent: [] }, route)).toEqual({
      copySeconds: { low: 0, high: 0 },
      growSeconds: { low: 0, high: 0 },
      slotsSeconds: { low: 0, high: 0 },
      pauseMs: { low: 0, high: 0 },
    });
  });
});

describe('other tools', () => {
  const facts: SourceFacts = { nodes: [healthy], unseen: [], silent: [] };
  const source = { at: { host: '10.0.0.1', port: 6379 }, kind: 'cluster', user: 'app', tls: true } as const;
  const target = {
    at: { host: '10.0.0.2', port: 6380 },
    kind: 'standalone',
    user: 'admin',
    tls: false,
  } as const;

  it('names both sides in the words of each tool, and no password', () => {
    const text = otherTools(facts, source, target).join('\n');
    expect(text).toContain('[sync_reader]\n     cluster = true\n     address = "10.0.0.1:6379"');
    expect(text).toContain('[redis_writer]\n     cluster = false\n     address = "10.0.0.2:6380"');
    expect(text).toContain(
      'riot replicate --mode live --source-cluster rediss://app:$SOURCE_PASSWORD@10.0.0.1:6379 redis://admin:$TARGET_PASSWORD@10.0.0.2:6380',
    );
  });

  it('warns of Sentinel, which takes it for a replica', () => {
    const lines = (kind: 'sentinel' | 'standalone') =>
      otherTools(facts, { ...source, kind }, target).join('\n');
    expect(lines('sentinel')).toContain('Read from a replica');
    expect(lines('standalone')).not.toContain('Read from a replica');
  });
});

import { describe, expect, it } from 'vitest';
import { type Reach, reachOf } from '../src/doctor/rules/security/reach.ts';
import { compareVersions, holesOf } from '../src/engines/holes.ts';
import { compareLines, ENGINE_NAMES, FAMILIES } from '../src/engines/releases.ts';
import {
  daysLeft,
  isOver,
  lineOf,
  lineToGoTo,
  newestLine,
  READ_AT_SECONDS,
  supportOf,
} from '../src/engines/support.ts';

const idsOf = (...[name, version]: Parameters<typeof holesOf>) =>
  holesOf(name, version).flatMap(({ ids }) => ids);

describe('support of release lines', () => {
  it.each(ENGINE_NAMES)('%s: every line that a spec may name is known, and one at least is fixed', (name) => {
    const known = FAMILIES[name].lines.map((line) => supportOf(name, line));
    expect(known).not.toContain(undefined);
    expect(known.some((one) => one && !isOver(one, READ_AT_SECONDS))).toBe(true);
    for (const one of known) if (one?.until) expect(Date.parse(one.until)).toBeGreaterThan(0);
  });

  it('a day ends it, or the policy before the day; older than all is over, newer than all unknown', () => {
    const over = (version: string, atSeconds = READ_AT_SECONDS) => {
      const support = supportOf('redis', version);
      return support && isOver(support, atSeconds);
    };
    expect([
      over('5.0.14'),
      over('6.2.24'),
      over('7.0.15'),
      over('8.0.6'),
      over('8.2.0'),
      over('9.0.0'),
    ]).toEqual([true, false, true, true, false, undefined]);
    expect(over('6.2.24', Date.parse('2027-04-01') / 1000)).toBe(true);
    expect(over('8.8.0', Date.parse('2099-01-01') / 1000)).toBe(false);
    const support = supportOf('redis', '6.2.24');
    expect(support && daysLeft(support, READ_AT_SECONDS)).toBe(126);
  });

  it('the line to go to is the nearest newer one that is fixed', () => {
    const to = (version: string) => lineToGoTo('redis', version, READ_AT_SECONDS);
    expect(['5.0.14', '6.2.24', '7.0.15', '7.4.0', '8.0.6', '8.10.1'].map(to)).toEqual([
      '6.2',
      '7.2',
      '7.2',
      '8.2',
      '8.2',
      '8.10',
    ]);
  });
});

describe('known holes', () => {
  it('versions are ordered by their numbers; a line stands for its newest release', () => {
    const sorted = ['8.10.0', '7.2.10', '8.0', '7.2.9', '8.0.30', '8.2.0'].toSorted(compareVersions);
    expect(sorted).toEqual(['7.2.9', '7.2.10', '8.0.30', '8.0', '8.2.0', '8.10.0']);
  });

  it('of the very release that closes a hole there is none, of the one before there is', () => {
    expect(idsOf('redis', '8.2.2')).not.toContain('CVE-2025-49844');
    expect(idsOf('redis', '8.2.1')).toContain('CVE-2025-49844');
    expect(idsOf('valkey', '8.1.3')).toContain('CVE-2025-49844');
    expect(idsOf('valkey', '9.0.0')).not.toContain('CVE-2025-49844');
  });

  it('what came with a release is not in older ones', () => {
    expect(idsOf('redis', '6.2.21')).toContain('CVE-2026-25243');
    expect(idsOf('redis', '6.2.21')).not.toContain('CVE-2026-23479');
    expect(idsOf('redis', '8.0.4')).not.toContain('CVE-2025-62507');
  });

  it('a line that was given up keeps its holes, in a spec as well', () => {
    for (const version of ['7.0.15', '7.0', '8.0.6', '8.0']) {
      expect(holesOf('redis', version).filter(({ closedBy }) => closedBy === undefined)).not.toEqual([]);
    }
    expect(holesOf('redis', '8.2')).toEqual([]);
    expect(holesOf('valkey', '8.0')).toEqual([]);
  });

  it.each([
    ...['6.2.24', '7.2.16', '7.4.11', '8.2.10', '8.4.6', '8.6.7', '8.8.3', '8.10.2'].map(
      (v) => ['redis', v] as const,
    ),
    ...['7.2.16', '8.0.13', '8.1.12', '9.0.8', '9.1.4'].map((v) => ['valkey', v] as const),
  ])('%s %s has none', (name, version) => {
    expect(idsOf(name, version)).toEqual([]);
  });

  it.each(ENGINE_NAMES)('%s: the first versions without a hole are in order, one a line', (name) => {
    for (const { fixed, ids } of holesOf(name, '2.8.0')) {
      expect([ids, [...fixed].sort(compareVersions)]).toEqual([ids, fixed]);
      expect(new Set(fixed.map(lineOf)).size).toBe(fixed.length);
      expect(compareLines(lineOf(fixed.at(-1) ?? ''), newestLine(name))).toBeLessThanOrEqual(0);
    }
  });
});

describe('from where an address is reached', () => {
  it.each<[string, Reach]>([
    ['127.0.0.1', 'loopback'],
    ['localhost', 'loopback'],
    ['[::1]', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['192.169.1.1', 'public'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['169.254.1.1', 'private'],
    ['fd12::1', 'private'],
    ['fe80::1', 'private'],
    ['2001:db8::1', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['8.8.8.8', 'public'],
    ['redis.example.com', 'unknown'],
    ['*', 'unknown'],
  ])('%s: %s', (host, reach) => {
    expect(reachOf(host)).toBe(reach);
  });
});

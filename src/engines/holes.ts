import { compareLines } from './releases.ts';
import { lineOf } from './support.ts';
import type { EngineName } from './types.ts';

/** What somebody gains by it: code of theirs in the server, answers of others, a server that stops. */
export type Gain = 'code' | 'answers' | 'stop';

/** A hole that was published with the releases that close it. */
export interface Hole {
  /** CVE, or the pull request where none was given. */
  readonly ids: readonly string[];
  readonly gain: Gain;
  /** False where it takes no login. */
  readonly login: boolean;
  /** What the first of them is in, in a few words. */
  readonly in: string;
  /** The first version that has it. */
  readonly since: string;
  /** The first version of each line without it. An older line that is not named got no fix; a newer one never had it. */
  readonly fixed: readonly string[];
  /** What must be switched on for it to matter. */
  readonly needs?: 'tls' | 'cluster' | 'client-eviction';
  readonly source: string;
}

const FIRST = '2.6.0';

const cve = (id: string) => `https://www.cve.org/CVERecord?id=${id}`;

/** Oldest first, from release notes, CVE records and advisories, some at second hand; what could not be confirmed is not here. */
const REDIS: readonly Hole[] = [
  {
    ids: ['CVE-2024-31449', 'CVE-2024-31228'],
    gain: 'code',
    login: true,
    in: 'the bit library of Lua',
    since: FIRST,
    fixed: ['6.2.16', '7.2.6', '7.4.1'],
    source: cve('CVE-2024-31449'),
  },
  {
    ids: ['CVE-2024-46981'],
    gain: 'code',
    login: true,
    in: 'Lua scripts',
    since: FIRST,
    fixed: ['6.2.17', '7.2.7', '7.4.2'],
    source: cve('CVE-2024-46981'),
  },
  {
    ids: ['CVE-2025-21605'],
    gain: 'stop',
    login: false,
    in: 'output buffers of clients that have not logged in',
    since: FIRST,
    fixed: ['6.2.18', '7.2.8', '7.4.3'],
    source: cve('CVE-2025-21605'),
  },
  {
    ids: ['CVE-2025-32023', 'CVE-2025-48367'],
    gain: 'code',
    login: true,
    in: 'HyperLogLog commands',
    since: '2.8.0',
    fixed: ['6.2.19', '7.2.10', '7.4.5', '8.0.3'],
    source: cve('CVE-2025-32023'),
  },
  {
    ids: ['CVE-2025-49844', 'CVE-2025-46817', 'CVE-2025-46818', 'CVE-2025-46819'],
    gain: 'code',
    login: true,
    in: 'Lua scripts',
    since: FIRST,
    fixed: ['6.2.20', '7.2.11', '7.4.6', '8.0.4', '8.2.2'],
    source: 'https://redis.io/blog/security-advisory-cve-2025-49844/',
  },
  {
    ids: ['CVE-2025-62507'],
    gain: 'code',
    login: true,
    in: 'XACKDEL',
    since: '8.2.0',
    fixed: ['8.2.3'],
    source: 'https://raw.githubusercontent.com/redis/redis/8.2/00-RELEASENOTES',
  },
  {
    ids: ['CVE-2026-25243'],
    gain: 'code',
    login: true,
    in: 'RESTORE',
    since: FIRST,
    fixed: ['6.2.22', '7.2.14', '7.4.9', '8.2.6', '8.4.3', '8.6.3'],
    source: cve('CVE-2026-25243'),
  },
  {
    ids: ['CVE-2026-23479', 'CVE-2026-23631'],
    gain: 'code',
    login: true,
    in: 'blocked clients that are evicted',
    since: '7.2.0',
    fixed: ['7.2.14', '7.4.9', '8.2.6', '8.4.3', '8.6.3'],
    source: cve('CVE-2026-23479'),
  },
  {
    ids: ['redis/redis#15520'],
    gain: 'code',
    login: true,
    in: 'RESTORE of a stream',
    since: '5.0.0',
    fixed: ['6.2.23', '7.2.15', '7.4.10', '8.2.8', '8.4.5', '8.6.5'],
    source: 'https://github.com/redis/redis/pull/15520',
  },
  {
    ids: ['CVE-2026-81934'],
    gain: 'code',
    login: false,
    in: 'TLS connections',
    since: '6.0.0',
    fixed: ['6.2.24', '7.2.16', '7.4.11', '8.2.9', '8.4.6', '8.6.6', '8.8.2', '8.10.1'],
    needs: 'tls',
    source: 'https://redis.io/blog/security-advisory-cve-2026-81934/',
  },
];

const VALKEY: readonly Hole[] = [
  {
    ids: ['CVE-2025-21605'],
    gain: 'stop',
    login: false,
    in: 'output buffers of clients that have not logged in',
    since: FIRST,
    fixed: ['7.2.9', '8.0.3', '8.1.1'],
    source: cve('CVE-2025-21605'),
  },
  {
    ids: ['CVE-2025-32023'],
    gain: 'code',
    login: true,
    in: 'HyperLogLog commands',
    since: FIRST,
    fixed: ['7.2.10', '8.0.4', '8.1.3'],
    source: cve('CVE-2025-32023'),
  },
  {
    ids: ['CVE-2025-49844', 'CVE-2025-46817', 'CVE-2025-46818', 'CVE-2025-46819'],
    gain: 'code',
    login: true,
    in: 'Lua scripts',
    since: FIRST,
    fixed: ['7.2.11', '8.0.6', '8.1.4'],
    source: 'https://github.com/valkey-io/valkey/security/advisories/GHSA-9rfg-jx7v-52p6',
  },
  {
    ids: ['CVE-2025-67733'],
    gain: 'answers',
    login: true,
    in: 'errors of Lua scripts',
    since: FIRST,
    fixed: ['7.2.12', '8.0.7', '8.1.6', '9.0.2'],
    source: cve('CVE-2025-67733'),
  },
  {
    ids: ['CVE-2026-21863'],
    gain: 'stop',
    login: false,
    in: 'the cluster bus',
    since: FIRST,
    fixed: ['7.2.12', '8.0.7', '8.1.6', '9.0.3'],
    needs: 'cluster',
    source: cve('CVE-2026-21863'),
  },
  {
    ids: ['CVE-2026-27623'],
    gain: 'stop',
    login: false,
    in: 'empty requests',
    since: '9.0.0',
    fixed: ['9.0.3'],
    source: 'https://github.com/valkey-io/valkey/releases/tag/9.0.3',
  },
  {
    ids: ['CVE-2026-23479', 'CVE-2026-25243', 'CVE-2026-23631'],
    gain: 'code',
    login: true,
    in: 'blocked clients that are evicted',
    since: FIRST,
    fixed: ['7.2.13', '8.0.9', '8.1.7', '9.0.4'],
    source: 'https://github.com/valkey-io/valkey/pull/3633',
  },
  {
    ids: ['CVE-2026-63639'],
    gain: 'code',
    login: true,
    in: 'RESTORE of a stream',
    since: FIRST,
    fixed: ['7.2.14', '8.0.10', '8.1.9', '9.0.5', '9.1.1'],
    source: cve('CVE-2026-63639'),
  },
  {
    ids: ['CVE-2026-56684'],
    gain: 'code',
    login: true,
    in: 'CLIENT KILL over TLS',
    since: FIRST,
    fixed: ['7.2.14', '8.0.10', '8.1.9', '9.0.5', '9.1.1'],
    needs: 'tls',
    source: cve('CVE-2026-56684'),
  },
  {
    ids: ['CVE-2026-130822'],
    gain: 'stop',
    login: true,
    in: 'client eviction',
    since: FIRST,
    fixed: ['7.2.16', '8.0.13', '8.1.12', '9.0.8', '9.1.4'],
    needs: 'client-eviction',
    source: 'https://github.com/valkey-io/valkey/releases/tag/9.1.4',
  },
];

const HOLES: Readonly<Record<EngineName, readonly Hole[]>> = { redis: REDIS, valkey: VALKEY };

/** A hole that a version has, and the version of the same line that closes it, if there is one. */
export interface OpenHole extends Hole {
  readonly closedBy: string | undefined;
}

/** Holes of a version. Of a line alone (`8.0`) only those that no release of the line closes. */
export function holesOf(name: EngineName, version: string): readonly OpenHole[] {
  return HOLES[name].flatMap((hole) => {
    const closedBy = hole.fixed.find((one) => lineOf(one) === lineOf(version));
    return isOpen(hole, version, closedBy) ? [{ ...hole, closedBy }] : [];
  });
}

function isOpen({ since, fixed }: Hole, version: string, closedBy: string | undefined): boolean {
  if (compareVersions(version, since) < 0) return false;
  if (closedBy !== undefined) return compareVersions(version, closedBy) < 0;
  return compareLines(lineOf(version), lineOf(fixed.at(-1) ?? '')) < 0;
}

/** Orders versions by their numbers; a line without a patch number stands for its newest release. */
export function compareVersions(a: string, b: string): number {
  const patch = (version: string) => Number(version.split('.')[2]?.replace(/\D.*/, '') ?? Infinity);
  const byLine = compareLines(lineOf(a), lineOf(b));
  return byLine === 0 && patch(a) !== patch(b) ? patch(a) - patch(b) : byLine;
}

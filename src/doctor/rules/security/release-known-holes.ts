import { compareVersions, type Gain, holesOf, type OpenHole } from '../../../engines/holes.ts';
import { lineOf, lineToGoTo } from '../../../engines/support.ts';
import type { Facts, NodeFacts, SentinelFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { namesOf } from './acl.ts';
import { lineFix, type Running, releases } from './releases.ts';

const GAINS: Readonly<Record<Gain, string>> = {
  code: 'run code of its own in the server',
  answers: 'forge answers to others',
  stop: 'stop the server',
};
const ORDER: readonly Gain[] = ['code', 'answers', 'stop'];

/** Whether what a hole needs is on; where nobody knows, it may be. */
const NEEDS: Readonly<Record<NonNullable<OpenHole['needs']>, (node: NodeFacts) => boolean>> = {
  tls: (node) => node.tls || !node.settings || isOn(setting(node, 'tls-port')),
  cluster: (node) => node.cluster !== undefined || setting(node, 'cluster-enabled') === 'yes',
  'client-eviction': (node) => !node.settings || isOn(setting(node, 'maxmemory-clients')),
};

const isOn = (value: string | undefined): boolean => value !== undefined && value !== '0';

/** Sentinels have neither keys nor scripts: only what takes no login touches them. */
function touches({ needs, login }: OpenHole, node: NodeFacts | SentinelFacts): boolean {
  if ('quorum' in node) return !login && (needs === undefined || (needs === 'tls' && node.tls));
  return needs === undefined || NEEDS[needs](node);
}

/** Those that matter on one of the nodes at least, gravest first. */
function openHoles({ engine, version, nodes }: Running): readonly OpenHole[] {
  return holesOf(engine, version)
    .filter((hole) => nodes.some((node) => touches(hole, node)))
    .toSorted((a, b) => ORDER.indexOf(a.gain) - ORDER.indexOf(b.gain) || Number(a.login) - Number(b.login));
}

/** The newest of the releases that close them; undefined where one is closed in no release of the line. */
function closing(holes: readonly OpenHole[]): string | undefined {
  const versions = holes.flatMap(({ closedBy }) => closedBy ?? []);
  return versions.length < holes.length ? undefined : versions.toSorted(compareVersions).at(-1);
}

function reach(holes: readonly OpenHole[], version: string, closedBy: string | undefined): string {
  if (closedBy) return ` that ${closedBy} closes`;
  const none = holes.every((hole) => hole.closedBy === undefined);
  return none
    ? ` that no release of ${lineOf(version)} closes`
    : `, not all closed in a release of ${lineOf(version)}`;
}

function judged(facts: Facts, running: Running): Found | undefined {
  const { engine, title, version, nodes } = running;
  const holes = openHoles(running);
  const [worst] = holes;
  if (!worst) return undefined;
  const ids = holes.flatMap(({ ids }) => ids);
  const closedBy = closing(holesOf(engine, version)) ?? closing(holes);
  const line = lineToGoTo(engine, version, facts.atSeconds);
  const who = worst.login ? 'a client that has logged in' : 'whoever reaches the port';
  const goal = closedBy ? `${title} ${closedBy}` : `${title} ${line}`;
  return {
    severity: worst.gain === 'stop' && worst.login ? 'note' : 'warning',
    at:
      facts.source === 'spec'
        ? running.at
        : namesOf(nodes.filter((node) => holes.some((hole) => touches(hole, node)))),
    message: `${title} ${version} has ${many(ids.length, 'known hole')}${reach(holes, version, closedBy)}. Through ${worst.ids[0]}, in ${worst.in}, ${who} could ${GAINS[worst.gain]}.`,
    evidence: [
      `${title} ${version}`,
      ...holes.map(({ ids, closedBy: by }) => `${ids.join(', ')}: closed in ${by ?? 'newer lines only'}`),
    ],
    remedy: `Go to ${goal} or newer, replicas first. Distributions close holes without a new number: where this is the package of one, hold these names against its list first.`,
    fixes: closedBy ? [] : lineFix(facts, line),
  };
}

export const releaseKnownHoles: Rule = {
  id: 'release-known-holes',
  group: 'security',
  severity: 'warning',
  title: 'A release with known holes',
  looksAt: ['INFO server: redis_version, valkey_version', 'published CVEs and the releases that close them'],
  why: 'How to use them is public from the day they are closed. Most need a login that may run scripts or RESTORE, which nearly every application has.',
  fix: 'Go to the newest release of the line, or of a newer one.',
  sources: [
    'https://github.com/redis/redis/security/advisories',
    'https://github.com/valkey-io/valkey/security/advisories',
    'https://redis.io/blog/security-advisory-cve-2025-49844/',
  ],
  find: (facts) =>
    releases(facts).flatMap((running) => {
      const found = judged(facts, running);
      return found ? [found] : [];
    }),
};

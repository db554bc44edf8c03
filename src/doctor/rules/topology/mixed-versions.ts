import { compareLines } from '../../../engines/releases.ts';
import type { Facts, NodeFacts, Software } from '../../facts.ts';
import { replicas } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords } from '../../words.ts';
import { followed } from './members.ts';

const lineOf = ({ version }: Software): string => version.split('.').slice(0, 2).join('.');
const titleOf = ({ title, version }: Software): string => `${title} ${version}`;

export const mixedVersions: Rule = {
  id: 'mixed-versions',
  group: 'topology',
  severity: 'warning',
  title: 'Nodes of different releases',
  looksAt: ['INFO redis_version, valkey_version, server_name'],
  why: 'A replica that is older than its primary, or another product, may be unable to load a full copy, and it knows fewer commands and settings. After a failover the primary is the other release.',
  fix: 'Bring all nodes to one release, replicas first, primaries last after a failover.',
  sources: ['https://valkey.io/topics/migration', 'https://valkey.io/topics/admin'],
  find: (facts) => {
    if (facts.source === 'spec') return [];
    const older = replicas(facts).flatMap((node) => behind(facts, node));
    return older.length > 0 ? older : mixed(facts);
  },
};

function behind(facts: Facts, replica: NodeFacts): readonly Found[] {
  const primary = followed(facts, replica);
  const [own, other] = [replica.software, primary?.software];
  if (!primary || !own || !other) return [];
  const foreign = own.name !== other.name;
  if (!foreign && compareLines(lineOf(own), lineOf(other)) >= 0) return [];
  const what = foreign
    ? `They write different formats of snapshots from some release on.`
    : `A newer format of snapshots stops it when it needs a full copy.`;
  return [
    {
      at: replica.name,
      message: `It runs ${titleOf(own)} and follows ${primary.name}, which runs ${titleOf(other)}. ${what}`,
      evidence: [`${replica.name}: ${titleOf(own)}`, `${primary.name}: ${titleOf(other)}`],
      remedy: `Bring it to ${titleOf(other)}.`,
    },
  ];
}

function mixed({ asked, nodes, sentinels }: Facts): readonly Found[] {
  const groups = [
    { what: 'Nodes', all: nodes },
    { what: 'Sentinels', all: sentinels },
  ];
  return groups.flatMap(({ what, all }): readonly Found[] => {
    const known = all.flatMap(({ name, software }) => (software ? [{ name, title: titleOf(software) }] : []));
    const titles = [...new Set(known.map(({ title }) => title))];
    if (titles.length < 2) return [];
    return [
      {
        severity: 'note',
        at: asked,
        message: `${what} run ${inWords(titles)}.`,
        evidence: known.map(({ name, title }) => `${name}: ${title}`),
        remedy:
          'Fine during an upgrade. Finish it: bugs that one release has fixed are still there in the others.',
      },
    ];
  });
}

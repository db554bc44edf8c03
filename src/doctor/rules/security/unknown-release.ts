import { compareLines } from '../../../engines/releases.ts';
import { lineOf, newestLine } from '../../../engines/support.ts';
import type { Facts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { namesOf } from './acl.ts';
import { releases } from './releases.ts';

function newer(facts: Facts): readonly Found[] {
  return releases(facts)
    .filter(({ engine, version }) => compareLines(lineOf(version), newestLine(engine)) > 0)
    .map(({ engine, title, version, at }) => ({
      at,
      message: `${title} ${version} is newer than ${newestLine(engine)}, the newest that this tool knows: of its support and holes nothing can be said.`,
      evidence: [`${title} ${version}`],
      remedy: 'Look for a newer release of this tool, and read the release notes of the server.',
    }));
}

function forks({ nodes, sentinels }: Facts): readonly Found[] {
  const others = [...nodes, ...sentinels].filter(({ software }) => software?.name === 'other');
  const [first] = others;
  if (!first?.software) return [];
  return [
    {
      at: namesOf(others),
      message: `${first.software.title} is neither Redis nor Valkey: of its support and holes nothing can be said, and its figures may mean something else.`,
      evidence: [`${first.software.title} ${first.software.version}`],
      remedy: 'Take the other findings with care, and ask its makers which holes it has.',
    },
  ];
}

export const unknownRelease: Rule = {
  id: 'unknown-release',
  group: 'security',
  severity: 'note',
  title: 'A server that this tool does not know',
  looksAt: ['INFO server: server_name, redis_version, valkey_version'],
  why: 'What is known of support, holes and settings ends with the releases of the day this tool was made, and with Redis and Valkey.',
  fix: 'Use a newer release of this tool.',
  sources: ['https://redis.io/docs/latest/commands/info/', 'https://valkey.io/commands/info/'],
  find: (facts) => [...newer(facts), ...forks(facts)],
};

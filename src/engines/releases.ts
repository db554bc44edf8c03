import { accept, type Problem, problem, type Result, refuse } from '../problem.ts';
import type { Engine, EngineName } from './types.ts';

interface Family {
  readonly title: string;
  readonly lines: readonly string[];
  readonly defaultLine: string;
  readonly image: string;
  readonly licence: (line: string) => string;
}

export const FAMILIES: Readonly<Record<EngineName, Family>> = {
  redis: {
    title: 'Redis',
    lines: ['7.0', '7.2', '7.4', '8.0', '8.2', '8.4', '8.6', '8.8'],
    defaultLine: '8.2',
    image: 'redis',
    licence: redisLicence,
  },
  valkey: {
    title: 'Valkey',
    lines: ['7.2', '8.0', '8.1', '9.0', '9.1'],
    defaultLine: '8.1',
    image: 'valkey/valkey',
    licence: () => 'BSD-3-Clause',
  },
};

export const ENGINE_NAMES = Object.keys(FAMILIES) as readonly EngineName[];

function redisLicence(line: string): string {
  if (compareLines(line, '7.4') < 0) return 'BSD-3-Clause';
  return compareLines(line, '8.0') < 0 ? 'RSALv2 or SSPLv1' : 'AGPLv3, RSALv2 or SSPLv1';
}

/** Orders release lines by their numbers: '7.4' before '8.0' before '8.10'. */
export function compareLines(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

const LINE = /^\d{1,3}\.\d{1,3}$/;

/** An engine by name and release line. A newer line than those known is accepted with a note, an older one refused. */
export function resolveEngine(name: EngineName, version: string): Result<Engine> {
  const family = FAMILIES[name];
  const at = 'engine.version';
  if (!LINE.test(version)) {
    return refuse(
      problem(
        'engine/no-release-line',
        at,
        `'${version.slice(0, 60)}' is not a release line.`,
        `Write major.minor in quotes, for instance "${family.defaultLine}".`,
      ),
    );
  }
  const oldest = family.lines[0] ?? family.defaultLine;
  if (compareLines(version, oldest) < 0) {
    return refuse(
      problem(
        'engine/too-old',
        at,
        `${family.title} ${version} lacks what the configuration relies on.`,
        `Use ${oldest} or newer; ${family.defaultLine} is the default.`,
      ),
    );
  }
  const known = family.lines.includes(version);
  return accept(describeEngine(name, version, known), known ? [] : [unknownLine(name, version)]);
}

function describeEngine(name: EngineName, version: string, known: boolean): Engine {
  const family = FAMILIES[name];
  return {
    name,
    title: family.title,
    version,
    image: `${family.image}:${version}`,
    server: `${name}-server`,
    cli: `${name}-cli`,
    licence: family.licence(version),
    known,
  };
}

function unknownLine(name: EngineName, version: string): Problem {
  const family = FAMILIES[name];
  const nearest = newestUpTo(name, version);
  return {
    code: 'engine/unknown-line',
    severity: 'note',
    at: 'engine.version',
    message: `${family.title} ${version} is not among the releases this tool knows; it is treated as ${nearest}.`,
    remedy: `Run \`check\` against that server, or use one of ${family.lines.join(', ')}.`,
  };
}

/** The newest known line that is not newer than the given one. */
export function newestUpTo(name: EngineName, version: string): string {
  const { lines, defaultLine } = FAMILIES[name];
  return lines.filter((line) => compareLines(line, version) <= 0).at(-1) ?? defaultLine;
}

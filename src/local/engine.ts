import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { compareLines } from '../engines/releases.ts';
import type { Engine } from '../engines/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';

export interface FoundEngine {
  readonly server: string;
  /** Release line of the program, such as `8.0`. */
  readonly line: string;
  readonly version: string;
}

/** The server program of this engine on the PATH, new enough for the configuration; otherwise says how to get one. */
export async function findEngine(
  engine: Engine,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundEngine> {
  const server = onPath(engine.server, env.PATH);
  if (!server) throw new ProblemError(notInstalled(engine));
  const asked = await execa(server, ['--version'], {
    env: { ...env },
    extendEnv: false,
    reject: false,
    timeout: 10_000,
  });
  if (asked.failed) throw new ProblemError(cannotRun(engine, server, asked.shortMessage ?? 'no word'));
  const stdout = String(asked.stdout);
  const version = /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? /(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '0.0.0';
  const line = version.split('.').slice(0, 2).join('.');
  if (compareLines(line, engine.version) < 0) throw new ProblemError(tooOld(engine, server, version, line));
  if (!onPath(engine.cli, env.PATH)) throw new ProblemError(noClient(engine));
  return { server, line, version };
}

export function onPath(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function notInstalled(engine: Engine): Problem {
  return problem(
    'local/no-server',
    'PATH',
    `There is no ${engine.server} on the PATH.`,
    installAdvice(engine),
  );
}

function cannotRun(engine: Engine, server: string, said: string): Problem {
  return problem(
    'local/cannot-run',
    server,
    `It does not even say its version: ${said}`,
    `Install it again, or remove it. ${installAdvice(engine)}`,
  );
}

function noClient(engine: Engine): Problem {
  return problem(
    'local/no-client',
    'PATH',
    `There is no ${engine.cli} beside ${engine.server}; the start scripts need it.`,
    installAdvice(engine),
  );
}

function tooOld(engine: Engine, server: string, version: string, line: string): Problem {
  return problem(
    'local/server-too-old',
    server,
    `It is ${engine.title} ${version}; the configuration is written for ${engine.version}.`,
    `${installAdvice(engine)} Or set engine.version to "${line}" in redis-stack.yaml and write the stack again.`,
  );
}

/** Debian and Ubuntu carry no later Redis than this line. */
const NEWEST_OF_DEBIAN = '8.0';
const ARCHIVES_OF_REDIS = 'https://redis.io/docs/latest/operate/oss_and_stack/install/';

const aptWords = (version: string): string =>
  compareLines(version, NEWEST_OF_DEBIAN) > 0
    ? `sudo apt-get install redis-server redis-tools, with the archive of Redis added (${ARCHIVES_OF_REDIS}), for the distribution has ${NEWEST_OF_DEBIAN} at most`
    : 'sudo apt-get install redis-server redis-tools';

/** How to install the server on the system at hand, by its own package manager. */
export function installAdvice(
  engine: Pick<Engine, 'name' | 'title' | 'version'>,
  system = systemId(),
): string {
  const packages: Readonly<Record<string, Readonly<Record<'redis' | 'valkey', string>>>> = {
    debian: {
      redis: aptWords(engine.version),
      valkey: 'sudo apt-get install valkey-server valkey-tools',
    },
    fedora: { redis: 'sudo dnf install redis', valkey: 'sudo dnf install valkey' },
    alpine: { redis: 'sudo apk add redis', valkey: 'sudo apk add valkey valkey-cli' },
    arch: { redis: 'sudo pacman -S redis', valkey: 'sudo pacman -S valkey' },
    suse: { redis: 'sudo zypper install redis', valkey: 'sudo zypper install valkey' },
    darwin: { redis: 'brew install redis', valkey: 'brew install valkey' },
  };
  const command = packages[system]?.[engine.name];
  const release = `${engine.title} ${engine.version} or newer`;
  return command ? `Install ${release}: ${command}.` : `Install ${release} and put it on the PATH.`;
}

function systemId(): string {
  if (process.platform !== 'linux') return process.platform;
  const release = readOsRelease();
  const families: readonly (readonly [RegExp, string])[] = [
    [/debian|ubuntu/, 'debian'],
    [/fedora|rhel|centos/, 'fedora'],
    [/alpine/, 'alpine'],
    [/arch/, 'arch'],
    [/suse/, 'suse'],
  ];
  return families.find(([pattern]) => pattern.test(release))?.[1] ?? 'linux';
}

function readOsRelease(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    return (text.match(/^(ID|ID_LIKE)=.*$/gm) ?? []).join(' ').toLowerCase();
  } catch {
    return '';
  }
}

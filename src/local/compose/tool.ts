import { execa } from 'execa';
import { accept, type Problem, problem, type Result, refuse } from '../../problem.ts';
import { onPath } from '../engine.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Docker Compose with an engine that answers. */
export interface ComposeTool {
  readonly file: string;
  /** Words before those of Compose itself: `compose` for the plugin, none for the program. */
  readonly first: readonly string[];
  /** True where the `docker` program is there as well, which knows more than Compose. */
  readonly hasDocker: boolean;
}

/** What compose.yaml asks for: networks with addresses, secrets and tmpfs with an owner. */
const LEAST_COMPOSE = [2, 20] as const;
const LEAST_API = [1, 41] as const;
const ANSWER_MS = 10_000;

/** Compose as it is found here, with an engine behind it; otherwise why not, and what to do about it. */
export async function findTool(env: Environment): Promise<Result<ComposeTool>> {
  const hasDocker = onPath('docker', env.PATH) !== undefined;
  const found = await findProgram(env, hasDocker);
  if (!found.ok) return found;
  const engine = await (hasDocker ? askEngine(env) : askThrough(found.value, env));
  return engine ? refuse(engine) : found;
}

async function findProgram(env: Environment, hasDocker: boolean): Promise<Result<ComposeTool>> {
  const plugin = hasDocker ? [{ file: 'docker', first: ['compose'], hasDocker }] : [];
  const standalone = onPath('docker-compose', env.PATH)
    ? [{ file: 'docker-compose', first: [], hasDocker }]
    : [];
  let old: string | undefined;
  for (const tool of [...plugin, ...standalone]) {
    const { exitCode, stdout } = await ask(tool.file, [...tool.first, 'version', '--short'], env);
    const version = /(\d+)\.(\d+)[\w.+-]*/.exec(String(stdout));
    if (exitCode !== 0 || !version) continue;
    if (atLeast(version, LEAST_COMPOSE)) return accept(tool);
    old ??= version[0];
  }
  return refuse(old === undefined ? noCompose(hasDocker) : oldCompose(old));
}

async function askEngine(env: Environment): Promise<Problem | undefined> {
  const answer = await ask('docker', ['version'], env);
  const said = `${answer.stdout}\n${answer.stderr}`;
  if (/podman/i.test(said)) return podman();
  if (answer.exitCode !== 0) return noAnswer(String(answer.stderr), env);
  const api = /^Server:[\s\S]*?API version:\s+(\d+)\.(\d+)/m.exec(String(answer.stdout));
  if (!api) return noAnswer(said, env);
  return atLeast(api, LEAST_API) ? undefined : oldEngine(`${api[1]}.${api[2]}`);
}

/** Without the `docker` program Compose itself has to ask. */
async function askThrough(tool: ComposeTool, env: Environment): Promise<Problem | undefined> {
  const answer = await ask(tool.file, [...tool.first, 'ls', '--quiet'], env);
  return answer.exitCode === 0 ? undefined : noAnswer(`${answer.stdout}\n${answer.stderr}`, env);
}

function ask(file: string, args: readonly string[], env: Environment) {
  return execa(file, [...args], {
    env: { ...env },
    extendEnv: false,
    reject: false,
    timeout: ANSWER_MS,
    stdin: 'ignore',
  });
}

function atLeast([, major, minor]: RegExpExecArray, [a, b]: readonly [number, number]): boolean {
  return Number(major) > a || (Number(major) === a && Number(minor) >= b);
}

const OR_NATIVE = 'Or add --native to run plain server processes.';

function noCompose(hasDocker: boolean): Problem {
  return problem(
    'compose/not-installed',
    'PATH',
    hasDocker ? 'There is docker, but no Docker Compose.' : 'There is no Docker Compose on the PATH.',
    `Install Docker with its Compose plugin (v${LEAST_COMPOSE.join('.')} or newer). ${OR_NATIVE}`,
  );
}

function oldCompose(version: string): Problem {
  return problem(
    'compose/too-old',
    'Docker Compose',
    `It is ${version}; compose.yaml needs ${LEAST_COMPOSE.join('.')} or newer.`,
    `Install the Compose plugin of a newer Docker. ${OR_NATIVE}`,
  );
}

function oldEngine(api: string): Problem {
  return problem(
    'compose/engine-too-old',
    'Docker engine',
    `It speaks API ${api}; ${LEAST_API.join('.')} (Docker 20.10) or newer is needed.`,
    `Update Docker. ${OR_NATIVE}`,
  );
}

function podman(): Problem {
  return problem(
    'compose/podman',
    'Docker engine',
    'What answers as docker is Podman, with which this has not been tried.',
    `Use Docker. ${OR_NATIVE}`,
  );
}

function noAnswer(said: string, env: Environment): Problem {
  const where = env.DOCKER_HOST ? `DOCKER_HOST=${env.DOCKER_HOST}` : 'Docker engine';
  const detail = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-2);
  if (/permission denied/i.test(said)) return { ...forbidden(where), detail };
  const silent = problem(
    'compose/no-engine',
    where,
    'The Docker engine does not answer.',
    `Start it (Docker Desktop, or \`sudo systemctl start docker\`), or mend DOCKER_HOST. ${OR_NATIVE}`,
  );
  return { ...silent, detail };
}

function forbidden(where: string): Problem {
  return problem(
    'compose/permission-denied',
    where,
    'The Docker engine is there, but this user may not use it.',
    `Join the group docker (\`sudo usermod -aG docker "$USER"\`, then log in again). ${OR_NATIVE}`,
  );
}

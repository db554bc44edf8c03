import { execa } from 'execa';
import * as v from 'valibot';
import type { StackModel } from '../../model/types.ts';
import { ProblemError, problem } from '../../problem.ts';
import type { System } from '../../system.ts';
import type { Command, Said } from '../running.ts';
import type { ComposeTool } from './tool.ts';

/** The Compose project of one stack. */
export interface Project {
  readonly system: System;
  readonly root: string;
  readonly model: StackModel;
  readonly tool: ComposeTool;
  readonly name: string;
}

export function projectOf(system: System, root: string, model: StackModel, tool: ComposeTool): Project {
  return { system, root, model, tool, name: model.spec.name };
}

/** These would make Compose read other files or another project than this stack's. */
const MISLEADING = ['COMPOSE_FILE', 'COMPOSE_PROJECT_NAME', 'COMPOSE_PROFILES', 'COMPOSE_ENV_FILES'];

/** A Compose command for this stack. A compose.override.yaml beside compose.yaml counts, as with Compose by hand. */
export function composeCommand({ system, root, tool, name }: Project, words: readonly string[]): Command {
  const env = { ...system.env };
  for (const key of MISLEADING) delete env[key];
  return {
    file: tool.file,
    args: [...tool.first, '--ansi', 'never', '--project-directory', root, '--project-name', name, ...words],
    env,
    cwd: root,
  };
}

/** A command of the `docker` program. */
export function dockerCommand({ system, root }: Project, words: readonly string[]): Command {
  return { file: 'docker', args: words, env: system.env, cwd: root };
}

/** Runs a command to its end. Never rejects: what went wrong is in the answer. */
export async function say({ file, args, env, cwd }: Command, timeoutMs = 0): Promise<Said> {
  const options = { env: { ...env }, extendEnv: false, cwd, reject: false, stdin: 'ignore' } as const;
  const { exitCode, stdout, stderr } = await execa(file, [...args], {
    ...options,
    ...(timeoutMs > 0 ? { timeout: timeoutMs } : {}),
  });
  return { code: exitCode ?? -1, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
}

/** Runs Compose, or rejects with its complaint. */
export async function compose(project: Project, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await say(composeCommand(project, words));
  if (code === 0) return stdout;
  throw new Error(`docker compose ${words[0]}: ${complaint(stderr) || `exit code ${code}`}`);
}

/** The last line that says something, without Compose's own progress. */
export function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '' && !/^(Container|Network|Volume|Image) /.test(line)) ?? '';
}

export interface Container {
  readonly id: string;
  readonly service: string;
  /** `running`, `exited`, `restarting`, `paused`, `created`, `dead`. */
  readonly state: string;
  readonly exitCode: number;
  /** The folder that its project was started from. */
  readonly folder: string | undefined;
  /** Digest of its service in the compose.yaml that it was made from. */
  readonly configHash: string | undefined;
  /** The files that it was made from, joined by commas. */
  readonly files: string;
  /** The port of this machine that leads to a port of the container; none where it does not run. */
  readonly published: ReadonlyMap<number, number>;
}

const row = v.object({
  ID: v.optional(v.string(), ''),
  Service: v.string(),
  State: v.string(),
  ExitCode: v.optional(v.number(), 0),
  Labels: v.optional(v.string(), ''),
  Publishers: v.nullish(v.array(v.object({ TargetPort: v.number(), PublishedPort: v.number() })), []),
});

/** Every container of the project, running or not. Empty where there is none. */
export async function containers(project: Project): Promise<readonly Container[]> {
  const words = ['ps', '--all', '--format', 'json'];
  const text = (await compose(project, words)).trim();
  // Until 2.21 a list, since then a line each.
  const rows: unknown[] = text.startsWith('[')
    ? JSON.parse(text)
    : text
        .split('\n')
        .filter(Boolean)
        .map((line): unknown => JSON.parse(line));
  return rows.map((one) => {
    const { ID, Service, State, ExitCode, Labels, Publishers } = v.parse(row, one);
    return {
      id: ID,
      service: Service,
      state: State,
      exitCode: ExitCode,
      folder: label(Labels, 'com.docker.compose.project.working_dir'),
      configHash: label(Labels, 'com.docker.compose.config-hash'),
      files: label(Labels, 'com.docker.compose.project.config_files') ?? '',
      published: new Map(
        (Publishers ?? []).flatMap(({ TargetPort, PublishedPort }) =>
          PublishedPort > 0 ? [[TargetPort, PublishedPort] as const] : [],
        ),
      ),
    };
  });
}

function label(labels: string, name: string): string | undefined {
  return labels
    .split(/,(?=[\w.-]+=)/)
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

export interface Service {
  readonly name: string;
  readonly image: string;
  readonly profiles: readonly string[];
  readonly ports: readonly number[];
  /** The command of its health check, if it has one. */
  readonly check: readonly string[];
}

const configSchema = v.object({
  services: v.record(
    v.string(),
    v.object({
      image: v.optional(v.string(), ''),
      profiles: v.optional(v.array(v.string()), []),
      ports: v.optional(v.array(v.object({ published: v.optional(v.string(), '') })), []),
      healthcheck: v.optional(v.object({ test: v.optional(v.array(v.string()), []) }), {}),
    }),
  ),
});

/** compose.yaml as Compose understands it, with the services of every profile. */
export async function services(project: Project): Promise<readonly Service[]> {
  const profiles = (await readFileBy(project, ['config', '--profiles'])).split('\n').filter(Boolean);
  const flags = profiles.flatMap((profile) => ['--profile', profile]);
  const text = await readFileBy(project, [...flags, 'config', '--format', 'json']);
  const { services: found } = v.parse(configSchema, JSON.parse(text));
  return Object.entries(found).map(([name, { image, profiles: own, ports, healthcheck }]) => ({
    name,
    image,
    profiles: own,
    ports: ports.map(({ published }) => Number(published)).filter((port) => port > 0),
    check: healthcheck.test[0] === 'CMD' ? healthcheck.test.slice(1) : [],
  }));
}

async function readFileBy(project: Project, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await say(composeCommand(project, words), 30_000);
  if (code === 0) return stdout;
  const refused = problem(
    'compose/refused',
    'compose.yaml',
    'Docker Compose does not take the file.',
    'Mend what it names; `check` says more. An update writes the file again where you delete it and add --restore compose.yaml.',
  );
  throw new ProblemError({ ...refused, detail: stderr.trim().split('\n').slice(-3) });
}

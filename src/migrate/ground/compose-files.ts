import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import { parse } from 'yaml';
import type { StackModel, StackNode } from '../../model/types.ts';
import type { Files } from '../../system.ts';
import { composeProject } from '../../targets/compose/project.ts';
import { printYaml } from '../../targets/yaml.ts';
import { inside } from '../../workspace/paths.ts';
import { FOLDER } from '../journal.ts';

type Service = Readonly<Record<string, unknown>>;

/** A compose file a node lies here: containers made from one are those that the final compose.yaml replaces. */
export const BESIDE = `${FOLDER}/compose`;
/** Where the configuration of new nodes is until the files are in place. */
const NEXT = `${FOLDER}/next/conf`;
const COPY = `${BESIDE}/conf`;

export interface Beside {
  readonly node: StackNode;
  /** Port of this machine. */
  readonly port: number;
  /** Name of the stack's network, or undefined where it is to be made. */
  readonly network: string | undefined;
  /** Folder with the configuration, from the root. */
  readonly conf: string;
  readonly image: string;
  /** Variables beside those of the final file. */
  readonly env: Readonly<Record<string, string>>;
}

/** A file with this node alone, as the final compose.yaml has it but for where it is reached and what it is told. */
export function besideFile(files: Files, model: StackModel, beside: Beside): string {
  const { node, port, network, conf, image, env } = beside;
  const { service, rest } = serviceOf(model, node.name);
  const { depends_on: _, ...alone } = service;
  const given = handed(files, env);
  const secrets = (alone.secrets ?? []) as readonly (string | { readonly source: string })[];
  const names = secrets.map((one) => (typeof one === 'string' ? one : one.source));
  return printYaml({
    name: model.spec.name,
    services: {
      [node.name]: {
        ...alone,
        image,
        environment: { ...(alone.environment as Service), ...given.env },
        volumes: [`./${conf}:/stack:ro`, `${node.name}:/data`, ...given.mounts],
        ports: [`127.0.0.1:${port}:${node.port}`],
        // Not before the files are in place: it would come back as part of a stack that may be given up.
        restart: 'no',
      },
    },
    networks: network === undefined ? rest.networks : { stack: { external: true, name: network } },
    volumes: { [node.name]: {} },
    secrets: Object.fromEntries(
      Object.entries(rest.secrets as Service).filter(([name]) => names.includes(name)),
    ),
  });
}

/** A node without its network: enough to stop it, to read its log, and to put its files in order while it does not run. */
export function handleFile(model: StackModel, image: string, name: string): string {
  const project = { name: model.spec.name };
  if (!model.nodes.some((node) => node.name === name))
    return printYaml({ ...project, services: { [name]: { image } } });
  const { user, read_only, cap_drop, security_opt, tmpfs } = serviceOf(model, name).service;
  const idle = { image, user, read_only, cap_drop, security_opt, tmpfs, network_mode: 'none' };
  return printYaml({
    ...project,
    services: { [name]: { ...idle, volumes: [`${name}:/data`] } },
    volumes: { [name]: {} },
  });
}

function serviceOf(model: StackModel, name: string): { readonly service: Service; readonly rest: Service } {
  const { shared, services, rest } = composeProject(model);
  const found = services.find((one) => one.name === name);
  if (!found) throw new Error(`${name} is no service of ${model.spec.name}`);
  return { service: { ...(found.from ? shared[found.from] : {}), ...found.service }, rest };
}

/** Files of this machine that a variable names are mounted, and named as the container finds them. */
function handed(files: Files, env: Readonly<Record<string, string>>) {
  const isFile = (value: string): boolean => isAbsolute(value) && files.kind(value) === 'file';
  const there = Object.entries(env).filter(([, value]) => isFile(value));
  const place = (name: string): string => `/run/given/${name}`;
  return {
    env: { ...env, ...Object.fromEntries(there.map(([name]) => [name, place(name)])) },
    mounts: there.map(([name, source]) => ({ type: 'bind', source, target: place(name), read_only: true })),
  };
}

const isStaged = (files: Files, root: string): boolean => files.kind(inside(root, NEXT)) !== undefined;

/**
 * The configuration for a node that starts now, from the root. That of the new stack is copied: what a container has
 * mounted must stay when the files move to their places, for its scripts are called until it is made anew.
 */
export function confFor(files: Files, root: string): string {
  if (!isStaged(files, root)) return 'conf';
  copyFolder(files, inside(root, NEXT), inside(root, COPY));
  return COPY;
}

/** Files that are as they should be are not touched: a shell may be reading them. */
function copyFolder(files: Files, from: string, to: string): void {
  files.makeDirectory(to, 0o755);
  for (const name of files.list(from) ?? []) {
    const [source, target] = [inside(from, name), inside(to, name)];
    if (files.kind(source) === 'directory') copyFolder(files, source, target);
    else copyFile(files, source, target);
  }
}

function copyFile(files: Files, from: string, to: string): void {
  const text = files.read(from) ?? '';
  if (files.read(to) === text) return;
  const fresh = `${to}.new`;
  files.write(fresh, text, files.mode(from) ?? 0o644);
  files.move(fresh, to);
}

const portSchema = v.object({ services: v.record(v.string(), v.object({ ports: v.array(v.string()) })) });

/** The port of this machine in a file of `besideFile`. */
export function portIn(text: string | undefined, name: string): number | undefined {
  const parsed = v.safeParse(portSchema, text === undefined ? undefined : parse(text));
  const [, port] = (parsed.success && parsed.output.services[name]?.ports[0]?.split(':')) || [];
  return port === undefined ? undefined : Number(port);
}

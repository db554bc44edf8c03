import { networkInterfaces } from 'node:os';
import * as v from 'valibot';
import { type Problem, ProblemError, problem } from '../../problem.ts';
import { isFree } from '../ports.ts';
import { belongsHere } from './folders.ts';
import { type Container, dockerCommand, type Project, type Service, say } from './project.ts';
import { overlap } from './subnets.ts';

/** What would make the start fail half way, found before anything is touched. */
export async function preflight(
  project: Project,
  all: readonly Service[],
  before: readonly Container[],
): Promise<void> {
  const found = [
    ...strangers(project, before),
    ...leftOver(project, all, before),
    ...(await takenPorts(project, all, before)),
    ...(await takenSubnet(project)),
  ];
  if (found.length > 0) throw new ProblemError(...found);
}

/** Compose tells projects apart by name alone. */
function strangers({ root, name }: Project, before: readonly Container[]): readonly Problem[] {
  const other = before.find((one) => !belongsHere(one, root));
  if (!other) return [];
  return [
    problem(
      'compose/name-taken',
      'name',
      `A stack named ${name} has containers already, from ${other.folder}.`,
      `Give one of the two another name, or run \`down\` in ${other.folder} first.`,
    ),
  ];
}

function leftOver({ model }: Project, all: readonly Service[], before: readonly Container[]): Problem[] {
  const known = new Set([...all.map((one) => one.name), ...model.nodes.map((node) => node.name)]);
  const gone = before.filter((one) => !known.has(one.service)).map((one) => one.service);
  if (gone.length === 0) return [];
  return [
    problem(
      'compose/other-nodes',
      gone.join(', '),
      `${gone.length === 1 ? 'It has a container and is' : 'They have containers and are'} no longer part of the stack; the data in ${gone.length === 1 ? 'its volume' : 'their volumes'} is not carried over.`,
      'Run `migrate`: it carries the data over. Or take the change of topology back and update again; or run `down` (volumes stay), then `up`, to begin anew.',
    ),
  ];
}

/** A port that our own running container holds is ours. */
async function takenPorts(project: Project, all: readonly Service[], before: readonly Container[]) {
  const nodes = new Set(project.model.nodes.map((node) => node.name));
  const holding = new Set(before.filter((one) => one.state !== 'exited').map((one) => one.service));
  const wanted = all.filter((one) => nodes.has(one.name) && !holding.has(one.name));
  const found: Problem[] = [];
  for (const { name, ports } of wanted)
    for (const port of ports) if (!(await isFree(port))) found.push(await takenPort(project, name, port));
  return found;
}

async function takenPort(project: Project, node: string, port: number): Promise<Problem> {
  return problem(
    'compose/port-taken',
    `${node}, port ${port}`,
    `${await holder(project, port)} listens on 127.0.0.1:${port} already.`,
    'End it, or move the stack to other ports: create-redis-stack update --port <first port>, then `up`.',
  );
}

async function holder(project: Project, port: number): Promise<string> {
  if (!project.tool.hasDocker) return 'Another program';
  const { stdout } = await say(dockerCommand(project, ['ps', '--filter', `publish=${port}`]), 10_000);
  // The name is the last word of a row.
  const name = stdout.trim().split('\n')[1]?.split(/\s+/).at(-1);
  return name ? `The container ${name}` : 'Another program';
}

/** Docker refuses a subnet of another network; one of the machine's own it takes, and cuts the machine off. */
async function takenSubnet(project: Project): Promise<readonly Problem[]> {
  const wanted = project.model.spec.network.subnet;
  const networks = project.tool.hasDocker ? await listNetworks(project) : [];
  const own = networks.find((one) => one.project === project.name);
  if (own) return own.subnets.includes(wanted) ? [] : [networkChanged(own.name, own.subnets, wanted)];
  const other = networks.find((one) => one.subnets.some((subnet) => overlap(subnet, wanted)));
  if (other) return [subnetTaken(wanted, `the Docker network ${other.name} (${other.subnets.join(', ')})`)];
  const near = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ cidr, family }) => family === 'IPv4' && cidr !== null && overlap(cidr, wanted)),
  );
  return near ? [subnetTaken(wanted, `the network interface ${near[0]} of this machine`)] : [];
}

export function subnetTaken(subnet: string, by: string): Problem {
  return problem(
    'compose/subnet-taken',
    'network.subnet',
    `${subnet} overlaps with ${by}.`,
    'Remove that network, or choose another: create-redis-stack update --set network.subnet=<a free /24>, then `up`.',
  );
}

function networkChanged(name: string, present: readonly string[], wanted: string): Problem {
  return problem(
    'compose/network-changed',
    'network.subnet',
    `The stack's network ${name} has ${present.join(', ')}, the files say ${wanted}.`,
    'Run `down` (data stays), then `up`: the nodes get their new addresses together.',
  );
}

interface Network {
  readonly name: string;
  readonly project: string | undefined;
  readonly subnets: readonly string[];
}

const networksSchema = v.array(
  v.object({
    Name: v.string(),
    Labels: v.nullish(v.record(v.string(), v.string()), {}),
    IPAM: v.object({ Config: v.nullish(v.array(v.object({ Subnet: v.optional(v.string(), '') })), []) }),
  }),
);

async function listNetworks(project: Project): Promise<readonly Network[]> {
  const listed = await say(dockerCommand(project, ['network', 'ls', '--quiet']), 10_000);
  const ids = listed.stdout.split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  // One that goes meanwhile is a complaint beside the rest.
  const { stdout } = await say(dockerCommand(project, ['network', 'inspect', ...ids]), 10_000);
  return v.parse(networksSchema, JSON.parse(stdout || '[]')).map(({ Name, Labels, IPAM }) => ({
    name: Name,
    project: Labels?.['com.docker.compose.project'],
    subnets: (IPAM.Config ?? []).map(({ Subnet }) => Subnet),
  }));
}

import { type Problem, problem } from '../../problem.ts';
import { subnetTaken } from './preflight.ts';
import { complaint, type Project } from './project.ts';

/** Why Compose did not start the services, by what it says. */
export function refusal(project: Project, stderr: string, images: readonly string[]): Problem {
  const said = complaint(stderr);
  const { subnet } = project.model.spec.network;
  if (/pool overlaps/i.test(said)) return subnetTaken(subnet, 'another Docker network');
  if (/no configured subnet|needs to be recreated/i.test(said)) return changedNetwork(subnet);
  if (/port is already allocated|address already in use/i.test(said))
    return { ...lateTaken(), detail: [said] };
  const image = missingImage(stderr, said, images);
  if (image !== undefined) return { ...noImage(image), detail: [said] };
  const failed = problem(
    'compose/up-failed',
    'docker compose up',
    'Docker Compose did not start the stack.',
    'Mend what it says, then run `up` again; what was started meanwhile is ended by `down`.',
  );
  return { ...failed, detail: stderr.trim().split('\n').slice(-4) };
}

const PULL =
  /pull access denied|manifest (for|unknown)|not found: manifest|no such host|no such image|i\/o timeout|connection refused|toomanyrequests|TLS handshake|failed to resolve reference|https?:\/\/\S*\/v2\//i;

/** The image that could not be pulled, if it is that. */
export function missingImage(stderr: string, said: string, images: readonly string[]): string | undefined {
  if (!PULL.test(said)) return undefined;
  return images.find((image) => stderr.includes(image)) ?? images.join(', ');
}

export function noImage(image: string): Problem {
  return problem(
    'compose/no-image',
    image,
    'The image is not here and cannot be pulled.',
    'Check the network and `docker login`, or bring it with `docker load`; then run `up` again.',
  );
}

function lateTaken(): Problem {
  return problem(
    'compose/port-taken',
    'docker compose up',
    'A port of the stack was taken by another program.',
    'End that program, or move the stack to other ports: create-redis-stack update --port <first port>, then `up`.',
  );
}

function changedNetwork(subnet: string): Problem {
  return problem(
    'compose/network-changed',
    'network.subnet',
    `The stack's network has other addresses than ${subnet}.`,
    'Run `down` (data stays), then `up`: the nodes get their new addresses together.',
  );
}

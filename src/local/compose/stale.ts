import { inside } from '../../workspace/paths.ts';
import { type Container, composeCommand, type Project, say } from './project.ts';

/** Services that run as an older compose.yaml had them. */
export async function changedServices(
  project: Project,
  running: readonly Container[],
): Promise<ReadonlySet<string>> {
  const known = running.filter((one) => one.configHash !== undefined);
  if (known.length === 0) return new Set();
  const { code, stdout } = await say(composeCommand(project, ['config', '--hash', '*']), 30_000);
  if (code !== 0) return new Set();
  const now = new Map(stdout.split('\n').map((line) => line.trim().split(/\s+/) as [string, string]));
  const differs = known.filter((one) => now.has(one.service) && now.get(one.service) !== one.configHash);
  return new Set(differs.map((one) => one.service));
}

/** Data nodes that were started with another conf/redis.conf or other users than the files have now. */
export async function staleNodes(
  project: Project,
  running: readonly Container[],
): Promise<ReadonlySet<string>> {
  const { files } = project.system;
  const conf = files.read(inside(project.root, 'conf/redis.conf')) ?? '';
  const users = files.read(inside(project.root, 'conf/users.acl')) ?? '';
  const wanted = taken(conf, users);
  const data = new Set(project.model.nodes.filter((n) => n.role !== 'sentinel').map((n) => n.name));
  const looks = running
    .filter((one) => data.has(one.service))
    .map(async ({ service }) => {
      // As start-node.sh left them: what it was given, and the users with their hashes.
      const words = ['awk', '1', '/run/stack/shared.conf', '/run/stack/users.acl'];
      const { code, stdout } = await say(composeCommand(project, ['exec', '-T', service, ...words]), 10_000);
      return code === 0 && taken(stdout, '') !== wanted ? [service] : [];
    });
  return new Set((await Promise.all(looks)).flat());
}

/** The lines that count, in their order, without the hashes of passwords. */
function taken(...texts: readonly string[]): string {
  const lines = texts
    .join('\n')
    .split(/\r?\n/)
    .map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => (line.startsWith('user ') ? line.replace(/ #[0-9a-f]{64}(?= |$)/g, '') : line))
    .join('\n');
}

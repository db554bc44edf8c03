import type { StackModel, StackNode } from '../../model/types.ts';
import type { System } from '../../system.ts';
import { compose, dockerCommand, type Project, projectOf, say } from '../compose/project.ts';
import { findTool } from '../compose/tool.ts';
import type { RunningStack } from '../running.ts';

/** Takes nodes off the network of the stack and puts them back; meanwhile they run on, and reach nobody. */
export interface Network {
  cut(node: StackNode): Promise<void>;
  /** A node that is there already is left as it is. */
  join(node: StackNode): Promise<void>;
}

/** A running stack, and its network where nodes can be taken off it. */
export interface DrillStack extends RunningStack {
  readonly network: Network | undefined;
}

/** Containers have a network to be taken off, where the `docker` program is there to do it. */
export async function withNetwork(
  system: System,
  root: string,
  model: StackModel,
  stack: RunningStack,
): Promise<DrillStack> {
  const tool = stack.kind === 'compose' ? await findTool(system.env) : undefined;
  const network =
    tool?.ok && tool.value.hasDocker ? networkOf(projectOf(system, root, model, tool.value)) : undefined;
  return { ...stack, network };
}

function networkOf(project: Project): Network {
  const docker = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await say(dockerCommand(project, words), 30_000);
    if (code !== 0) throw new Error(`docker ${words[0]} ${words[1]}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const name = () =>
    docker('network', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${project.name}`);
  const container = async ({ name: service }: StackNode) =>
    (await compose(project, ['ps', '--all', '--quiet', service])).trim();
  return {
    cut: async (node) => void (await docker('network', 'disconnect', await name(), await container(node))),
    join: async (node) => {
      // The address that compose.yaml gives it: what runs here is known by that of the host.
      const ip = project.model.nodes.find((one) => one.name === node.name)?.ip ?? node.ip;
      const place = ['--ip', ip, '--alias', node.name];
      await docker('network', 'connect', ...place, await name(), await container(node)).catch(
        (error: Error) => {
          if (!/already exists/.test(error.message)) throw error;
        },
      );
    },
  };
}

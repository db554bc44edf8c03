import { join } from 'node:path';
import { composeCommand, projectOf } from '../local/compose/project.ts';
import { findTool } from '../local/compose/tool.ts';
import { findEngine } from '../local/engine.ts';
import type { StackModel } from '../model/types.ts';
import { ProblemError } from '../problem.ts';
import type { System } from '../system.ts';
import { LEASH, type RunScratch } from './scratch.ts';

/** How scratch servers are run: like the stack where it runs, else with the program on the PATH, else in a container. */
export async function scratchRunner(
  system: System,
  model: StackModel,
  kind: 'native' | 'compose' | undefined,
): Promise<RunScratch> {
  if (kind === 'compose') return inContainer(system, model);
  try {
    return await asProcess(system, model);
  } catch (error) {
    if (kind === 'native') throw error;
    return inContainer(system, model).catch(() => Promise.reject(error));
  }
}

async function asProcess({ env }: System, model: StackModel): Promise<RunScratch> {
  const { server } = await findEngine(model.engine, env);
  return ({ folder }) => ({ file: 'sh', args: ['-c', LEASH, 'scratch', server], env, cwd: folder });
}

/** A project of its own, so that nothing of the stack is touched; in Docker's own network, so that nothing is left behind. */
async function inContainer(system: System, model: StackModel): Promise<RunScratch> {
  const tool = await findTool(system.env);
  if (!tool.ok) throw new ProblemError(...tool.problems);
  return ({ folder, port }) => {
    const project = {
      ...projectOf(system, folder, model, tool.value),
      name: `${model.spec.name}-scratch-${process.pid}`,
    };
    system.files.write(
      join(folder, 'compose.yaml'),
      `${JSON.stringify(scratchProject(model, port), null, 2)}\n`,
      0o600,
    );
    return composeCommand(project, ['run', '--rm', '-T', '--service-ports', 'scratch']);
  };
}

/** JSON is YAML. */
function scratchProject({ engine }: StackModel, port: number) {
  return {
    services: {
      scratch: {
        image: engine.image,
        // Compose would put its own variables in place of those of the shell.
        entrypoint: ['sh', '-c', LEASH.replaceAll('$', '$$$$'), 'scratch', engine.server],
        // Whoever runs this owns the folder, which nobody else may read.
        user: `${process.getuid?.() ?? 999}:${process.getgid?.() ?? 999}`,
        network_mode: 'bridge',
        ports: [`127.0.0.1:${port}:${port}`],
        tmpfs: ['/tmp', '/data'],
        working_dir: '/scratch',
        volumes: ['.:/scratch'],
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'no',
      },
    },
  };
}

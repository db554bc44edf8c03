import { EXPORTER_PASSWORDS, EXPORTER_USER, exporterPasswords, isMonitored } from '../../model/monitoring.ts';
import { type Problem, warning } from '../../problem.ts';
import type { System } from '../../system.ts';
import { inside, SECRETS } from '../../workspace/paths.ts';
import { complaint, composeCommand, projectOf, say } from '../compose/project.ts';
import { findTool } from '../compose/tool.ts';
import type { RotateContext, Turn } from './types.ts';

const theirs = (turns: readonly Turn[]): Turn | undefined =>
  turns.find(({ user }) => user.name === EXPORTER_USER);

/** Exporters have their password in a file of their own shape. */
export function tellExporters({ files, root, model }: RotateContext, turns: readonly Turn[]): void {
  const turn = theirs(turns);
  const path = inside(root, `${SECRETS}/${EXPORTER_PASSWORDS}`);
  if (turn === undefined || !isMonitored(model) || files.kind(path) !== 'file') return;
  files.overwrite(path, exporterPasswords(model, turn.passwords[0]));
  files.flush(path);
}

/** They read that file when they start, so those that run here are started anew; a scrape or two may find none. */
export async function restartExporters(
  system: System,
  { root, model, stack, onProgress }: RotateContext,
  turns: readonly Turn[],
): Promise<readonly Problem[]> {
  if (stack.kind !== 'compose' || !isMonitored(model) || theirs(turns) === undefined) return [];
  const tool = await findTool(system.env);
  if (!tool.ok) return tool.problems;
  const project = projectOf(system, root, model, tool.value);
  const { stdout } = await say(composeCommand(project, ['ps', '--services', '--status', 'running']));
  const names = stdout.split('\n').filter((name) => name.startsWith(`${EXPORTER_USER}-`));
  if (names.length === 0) return [];
  onProgress('restarting the exporters');
  const { code, stderr } = await say(
    composeCommand(project, ['--profile', 'monitoring', 'restart', '--timeout', '5', ...names]),
  );
  if (code === 0) return [];
  return [
    warning(
      'rotate/exporters',
      names.join(', '),
      `They could not be restarted, and go on with the old password: ${complaint(stderr)}.`,
      'Restart them: docker compose --profile monitoring restart.',
    ),
  ];
}

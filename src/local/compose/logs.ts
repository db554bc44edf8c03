import { type Problem, problem } from '../../problem.ts';
import type { Container, Project } from './project.ts';
import { logsOf } from './stack.ts';

const LINES = 12;

/** A node whose container ended or cannot stay up, with the end of its log. */
export async function nodeEnded(project: Project, { service, state, exitCode }: Container): Promise<Problem> {
  const how =
    state === 'restarting' ? 'It ends again and again while starting.' : `It ended (exit code ${exitCode}).`;
  const ended = problem(
    'compose/node-ended',
    service,
    `${how} The end of its log:`,
    'Mend what the log says, then run `up` again; `down` ends the other nodes.',
  );
  return { ...ended, detail: await tail(project, service) };
}

export async function tail(project: Project, service: string): Promise<readonly string[]> {
  const log = await logsOf(project, service, LINES);
  return log === '' ? ['(nothing)'] : log.split('\n');
}

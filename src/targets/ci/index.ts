import { managed, type Target } from '../types.ts';
import { printYaml } from '../yaml.ts';
import { WORKFLOW_PATH, workflow } from './workflow.ts';

export const ci: Target = {
  id: 'ci',
  title: 'GitHub workflow',
  meaning: 'holds every pull request against the spec and against the programs that read its files',
  always: false,
  render: (model) => [
    managed(
      WORKFLOW_PATH,
      printYaml(workflow(model), {
        header: [
          ' Fails where the files do not follow from redis-stack.yaml, and where a program does not take one of them.',
          ' Your own edits that merge are no failure. GitHub reads workflows at the root of a repository: when the stack lies',
          ' in a folder of it, move this file there and name the folder in STACK.',
        ].join('\n'),
        comments: {
          'permissions.security-events': 'Findings show up in the pull request, at their lines.',
          'env.STACK': 'The folder of the stack, as seen from the root of the repository.',
          'jobs.check.timeout-minutes': 'A server that hangs is ended.',
        },
      }),
    ),
  ],
};

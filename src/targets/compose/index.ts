import { managed, type Target } from '../types.ts';
import { withBackup } from './backup.ts';
import { withMonitoring } from './exporters.ts';
import { printCompose } from './print.ts';
import { composeProject } from './project.ts';

export const compose: Target = {
  id: 'compose',
  title: 'Docker Compose',
  meaning: 'compose.yaml that runs the stack on the official image',
  always: false,
  render: (model) => [
    managed(
      'compose.yaml',
      printCompose(withBackup(withMonitoring(composeProject(model), model), model), model),
    ),
  ],
};

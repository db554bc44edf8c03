import { managed, type Target } from '../types.ts';
import { printCompose } from './print.ts';
import { composeProject } from './project.ts';

export const compose: Target = {
  id: 'compose',
  title: 'Docker Compose',
  meaning: 'compose.yaml that runs the stack on the official image',
  always: false,
  render: (model) => [managed('compose.yaml', printCompose(composeProject(model), model))],
};

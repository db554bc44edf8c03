import envExample from '../../../templates/docs/env.example.hbs';
import gitignore from '../../../templates/docs/gitignore.hbs';
import readme from '../../../templates/docs/README.md.hbs';
import { managed, type Target } from '../types.ts';
import { envView, readmeView } from './views.ts';

export const docs: Target = {
  id: 'docs',
  title: 'Documentation',
  meaning: 'README of the stack, .env.example, .gitignore',
  always: true,
  render: (model) => [
    managed('README.md', readme(readmeView(model))),
    managed('.env.example', envExample(envView(model))),
    managed('.gitignore', gitignore({})),
  ],
};

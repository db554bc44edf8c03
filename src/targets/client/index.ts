import readme from '../../../templates/client/README.md.hbs';
import { managed, type RenderedFile, seed, type Target } from '../types.ts';
import { clientReadmeView } from './readme.ts';
import { type ClientFiles, clientFiles } from './sources.ts';

export const client: Target = {
  id: 'client',
  title: 'TypeScript client',
  meaning: 'typed module that connects to exactly this stack, with the chosen patterns',
  always: false,
  render: (model) => {
    const files = clientFiles(model);
    return [
      ...Object.keys(files).map((path) => rendered(path, files)),
      managed('client/README.md', readme(clientReadmeView(model, files))),
    ];
  },
};

/** The user says in keyspaces.ts what the application keeps. */
function rendered(path: string, files: ClientFiles): RenderedFile {
  const text = files[path] ?? '';
  return path === 'src/keyspaces.ts' ? seed(`client/${path}`, text) : managed(`client/${path}`, text);
}

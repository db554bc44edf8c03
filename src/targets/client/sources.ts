import files from 'templates:client';
import type { StackModel } from '../../model/types.ts';
import { barrel } from './barrel.ts';
import { describeStack } from './description.ts';
import { clientPackages, LIBRARIES } from './libraries.ts';

/** Every file of the client by its path in `client/`, but for its README. */
export type ClientFiles = Readonly<Record<string, string>>;

/** The client of a stack: what its patterns import, directly or not, and nothing else. */
export function clientFiles(model: StackModel): ClientFiles {
  const { client } = model.spec;
  const made: ClientFiles = {
    'package.json': packageJson(model),
    'src/index.ts': barrel(client.patterns),
    'src/stack.ts': describeStack(model),
    'src/connect.ts': take(`src/connect${LIBRARIES[client.library].suffix}.ts`),
    'src/keyspaces.ts': take(
      client.patterns.includes('cache-aside') ? 'src/keyspaces.ts' : 'src/keyspaces.empty.ts',
    ),
  };
  // Texts are read when they are asked for, and most patterns are not.
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const text = made[path] ?? take(path);
    found.set(path, text);
    for (const [, name] of text.matchAll(/(?:from |import\()'\.\/([\w.-]+)\.js'/g)) visit(`src/${name}.ts`);
  };
  for (const path of Object.keys(files)) if (!path.startsWith('src/')) visit(path);
  visit('src/index.ts');
  return Object.fromEntries(found);
}

function take(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error(`no ${path} among the templates`);
  return text;
}

interface Package {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The template's own has every package that any choice needs. */
function packageJson({ spec }: StackModel): string {
  const template = JSON.parse(take('package.json')) as Package;
  const dependencies = clientPackages(spec).map((name) => [name, template.dependencies[name]]);
  const chosen = { ...template, dependencies: Object.fromEntries(dependencies) };
  return `${JSON.stringify(chosen, null, 2)}\n`;
}

/** The name under which an application imports the client. */
export function packageName(): string {
  return (JSON.parse(take('package.json')) as Package).name;
}

import files from 'templates:client';
import type { StackModel } from '../../model/types.ts';
import { barrel } from './barrel.ts';
import { describeStack } from './description.ts';
import { clientPackages, LIBRARIES } from './libraries.ts';

/** Every file of the client by its path in `client/`, but for its README. */
export type ClientFiles = Readonly<Record<string, string>>;

/** Printed, or chosen among several and copied under another name. */
const NOT_COPIED = /^src\/(?:index|stack|connect|keyspaces)(?:\.[a-z]+)*\.ts$/;

/** The client of a stack: what its patterns import, directly or not, and nothing else. */
export function clientFiles(model: StackModel): ClientFiles {
  const { client } = model.spec;
  const copied = Object.entries(files).filter(([path]) => !NOT_COPIED.test(path));
  const all: ClientFiles = {
    ...Object.fromEntries(copied),
    'package.json': packageJson(model),
    'src/index.ts': barrel(client.patterns),
    'src/stack.ts': describeStack(model),
    'src/connect.ts': take(`src/connect.${model.client.variant}${LIBRARIES[client.library].suffix}.ts`),
    'src/keyspaces.ts': take(
      client.patterns.includes('cache-aside') ? 'src/keyspaces.ts' : 'src/keyspaces.empty.ts',
    ),
  };
  const used = reachable(all, 'src/index.ts');
  return Object.fromEntries(
    Object.entries(all).filter(([path]) => !path.startsWith('src/') || used.has(path)),
  );
}

function take(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error(`no ${path} among the templates`);
  return text;
}

/** The modules that an entry imports, directly or not. */
function reachable(all: ClientFiles, entry: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const [, name] of (all[entry] ?? '').matchAll(/from '\.\/([\w.-]+)\.js'/g))
    reachable(all, `src/${name}.ts`, found);
  return found;
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

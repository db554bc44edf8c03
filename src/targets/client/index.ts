import files from 'templates:client';
import type { StackModel } from '../../model/types.ts';
import { managed, type RenderedFile, type Target } from '../types.ts';
import { describeStack } from './description.ts';

export const client: Target = {
  id: 'client',
  title: 'TypeScript client',
  meaning: 'typed module that connects to exactly this stack, with the chosen patterns',
  always: false,
  render: (model) => [...copied(model), managed('client/src/stack.ts', describeStack(model))],
};

/** Printed or chosen, never copied under their own names. */
const NOT_COPIED = /^src\/(?:stack|connect(?:\.[a-z]+)?)\.ts$/;

function copied(model: StackModel): readonly RenderedFile[] {
  const connect = files[`src/connect.${model.client.variant}.ts`];
  if (connect === undefined) throw new Error(`no connect.${model.client.variant}.ts among the templates`);
  const sources: Readonly<Record<string, string>> = { ...files, 'src/connect.ts': connect };
  const used = reachable(sources, 'src/index.ts');
  return Object.entries(sources)
    .filter(
      ([path]) =>
        path === 'src/connect.ts' || (!NOT_COPIED.test(path) && (used.has(path) || !path.startsWith('src/'))),
    )
    .map(([path, text]) => managed(`client/${path}`, text));
}

/** The modules that an entry imports, directly or not: what only another topology needs is not copied. */
function reachable(
  sources: Readonly<Record<string, string>>,
  entry: string,
  found = new Set<string>(),
): ReadonlySet<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const [, name] of (sources[entry] ?? '').matchAll(/from '\.\/([\w.-]+)\.js'/g))
    reachable(sources, `src/${name}.ts`, found);
  return found;
}

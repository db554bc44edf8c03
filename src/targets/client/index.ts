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

/** The only files that are not copied as they are: one is printed, of the others one becomes `connect.ts`. */
const NOT_COPIED = /^src\/(?:stack|connect(?:\.[a-z]+)?)\.ts$/;

function copied(model: StackModel): readonly RenderedFile[] {
  const connect = files[`src/connect.${model.client.variant}.ts`];
  if (connect === undefined) throw new Error(`no connect.${model.client.variant}.ts among the templates`);
  return [
    ...Object.entries(files)
      .filter(([path]) => !NOT_COPIED.test(path))
      .map(([path, text]) => managed(`client/${path}`, text)),
    managed('client/src/connect.ts', connect),
  ];
}

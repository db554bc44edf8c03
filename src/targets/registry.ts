import type { StackModel } from '../model/types.ts';
import { ci } from './ci/index.ts';
import { client } from './client/index.ts';
import { compose } from './compose/index.ts';
import { conf } from './conf/index.ts';
import { docs } from './docs/index.ts';
import { helm } from './helm/index.ts';
import { monitoring } from './monitoring/index.ts';
import type { RenderedFile, Target } from './types.ts';

export const TARGETS: readonly Target[] = [conf, compose, helm, client, monitoring, ci, docs];

/** Every file of the stack, in the order of their paths. Pure: the same model gives the same bytes. */
export function renderStack(model: StackModel): readonly RenderedFile[] {
  return TARGETS.filter((t) => t.always || (model.spec.targets as readonly string[]).includes(t.id))
    .flatMap((t) => t.render(model))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

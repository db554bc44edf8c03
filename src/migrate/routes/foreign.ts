import type { StackModel } from '../../model/types.ts';
import { foreignOrigin } from '../foreign.ts';
import type { Context, Step } from '../step.ts';
import { growCluster } from '../steps/cluster-nodes.ts';
import { copy } from '../steps/copy.ts';
import { files } from '../steps/files.ts';
import { growGroup, tune } from '../steps/group.ts';
import { settle } from '../steps/settle.ts';
import { balance } from '../steps/slots.ts';
import { switchFromForeign } from '../steps/switch-foreign.ts';
import { firstPrimary } from './to-slots.ts';

/** The first primary of the stack copies a server that is not of the stack, takes over from it, and the rest grows. */
export function foreign(after: StackModel): readonly Step[] {
  const to = firstPrimary(after);
  const from = async (ctx: Context) => foreignOrigin(ctx, ctx.ground.staged);
  const grow = after.joins ? [growCluster, balance] : [growGroup, tune];
  return [copy({ to, from }), switchFromForeign(to), files, ...grow, settle];
}

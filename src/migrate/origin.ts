import { dataNodes } from '../model/build.ts';
import { openConnection } from '../redis/connection.ts';
import type { Context } from './step.ts';
import type { Origin } from './steps/copy.ts';
import type { Member } from './types.ts';

/** A switch waits for answers that come at once, and for a server that is busy for a moment. */
const PATIENCE_MS = 10_000;

export const originOf = (ctx: Context, { name, at, inside }: Member): Origin => ({
  name,
  inside,
  open: () => openConnection(at, ctx.credentials, PATIENCE_MS),
});

/** The data nodes of the stack as it was. */
export function oldData({ ground }: Context): readonly Member[] {
  return dataNodes(ground.before.nodes).map(({ name }) => ground.member(name));
}

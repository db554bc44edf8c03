import type { StackModel } from '../model/types.ts';
import { type Problem, problem } from '../problem.ts';
import { fromSlots } from './routes/from-slots.ts';
import { inPlace } from './routes/in-place.ts';
import { reshard } from './routes/reshard.ts';
import { toSlots } from './routes/to-slots.ts';
import { upgrade } from './routes/upgrade.ts';
import type { Step } from './step.ts';

export type RouteName = 'in-place' | 'to-slots' | 'from-slots' | 'reshard' | 'upgrade';

export interface Route {
  readonly name: RouteName;
  readonly steps: readonly Step[];
}

/** The way from one stack to another; undefined where no node comes, goes or changes its engine. */
export function routeOf(before: StackModel, after: StackModel): Route | undefined {
  if (before.joins !== after.joins) {
    return after.joins
      ? { name: 'to-slots', steps: toSlots(after) }
      : { name: 'from-slots', steps: fromSlots(before, after) };
  }
  if (nodeList(before) === nodeList(after)) {
    return hasOtherEngine(before, after) ? { name: 'upgrade', steps: upgrade(before, after) } : undefined;
  }
  return after.joins
    ? { name: 'reshard', steps: reshard(before, after) }
    : { name: 'in-place', steps: inPlace(before, after) };
}

/** What no route does in one go. */
export function routeObstacles(before: StackModel, after: StackModel): readonly Problem[] {
  const found: Problem[] = [];
  const sameKind = before.joins === after.joins && nodeList(before) !== nodeList(after);
  if (sameKind && hasOtherEngine(before, after)) {
    found.push(
      problem(
        'migrate/two-changes',
        'engine',
        'The number of nodes and the engine change at once; nodes that stay would have to be both.',
        'Migrate twice: first the topology with the present engine, then the engine.',
      ),
    );
  }
  if (before.spec.security.tls !== after.spec.security.tls) {
    found.push(
      problem(
        'migrate/other-encryption',
        'security.tls',
        'One stack speaks TLS and the other does not; their nodes and clients would not understand each other.',
        'Leave security.tls as it is for the migration. Switch it before or after, with `down` and `up`.',
      ),
    );
  }
  return found;
}

export const hasOtherEngine = ({ engine: a }: StackModel, { engine: b }: StackModel): boolean =>
  a.name !== b.name || a.version !== b.version;

const nodeList = ({ nodes, sentinel }: StackModel): string =>
  [...nodes.map(({ name }) => name), `quorum ${sentinel?.quorum ?? 0}`].sort().join(' ');

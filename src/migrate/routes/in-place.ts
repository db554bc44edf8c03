import type { StackModel } from '../../model/types.ts';
import type { Step } from '../step.ts';
import { clients, everybody } from '../steps/clients.ts';
import { files, secrets } from '../steps/files.ts';
import { growGroup, keepPrimary, leaveGroup, tune, users } from '../steps/group.ts';
import { ready } from '../steps/ready.ts';
import { settle } from '../steps/settle.ts';

/** Stacks without slots: the primary keeps its data; replicas and Sentinels come and go around it. */
export function inPlace(before: StackModel, after: StackModel): readonly Step[] {
  const kept = new Set(after.nodes.map(({ name }) => name));
  const shrinks = before.nodes.some(({ name }) => !kept.has(name));
  const moves = clients({
    among: everybody,
    ...(before.sentinel !== undefined && after.sentinel === undefined
      ? { plain: 'From the end of the Sentinels they need the address of the server itself.' }
      : {}),
  });
  const leaving = shrinks ? [keepPrimary, moves, leaveGroup] : [moves];
  return [secrets, files, ready, users, growGroup, ...leaving, tune, settle];
}

import { dataNodes } from '../../model/build.ts';
import type { StackModel } from '../../model/types.ts';
import { onlyPrimary } from '../ask.ts';
import { oldData, originOf } from '../origin.ts';
import type { Step } from '../step.ts';
import { clients, everybody } from '../steps/clients.ts';
import { growCluster, leaveOld } from '../steps/cluster-nodes.ts';
import { copy } from '../steps/copy.ts';
import { files, secrets, stage } from '../steps/files.ts';
import { ready } from '../steps/ready.ts';
import { settle } from '../steps/settle.ts';
import { balance } from '../steps/slots.ts';
import { switchToSlots } from '../steps/switch.ts';

/** One primary becomes a cluster of one by replication and a short pause; then the cluster grows. */
export function toSlots(after: StackModel): readonly Step[] {
  const to = firstPrimary(after);
  return [
    secrets,
    stage,
    ready,
    copy({ to, from: async (ctx) => originOf(ctx, await onlyPrimary(ctx, oldData(ctx))) }),
    switchToSlots(to),
    files,
    clients({
      among: everybody,
      plain: `Others go on while ${to} has all slots; from then on they must be cluster clients, or they get MOVED.`,
    }),
    growCluster,
    leaveOld,
    balance,
    settle,
  ];
}

export function firstPrimary({ nodes }: StackModel): string {
  const first = dataNodes(nodes).find(({ role }) => role === 'primary');
  if (!first) throw new Error('a stack has a primary');
  return first.name;
}

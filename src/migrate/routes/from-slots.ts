import type { StackModel } from '../../model/types.ts';
import type { Step } from '../step.ts';
import { clients, newData } from '../steps/clients.ts';
import { leaveOld } from '../steps/cluster-nodes.ts';
import { copy } from '../steps/copy.ts';
import { files, secrets, stage } from '../steps/files.ts';
import { growGroup, tune } from '../steps/group.ts';
import { settle } from '../steps/settle.ts';
import { gather, theGathered } from '../steps/slots.ts';
import { switchFromSlots } from '../steps/switch-back.ts';
import { firstPrimary } from './to-slots.ts';

/** All slots are gathered in one shard; a server without slots becomes its replica and takes over. */
export function fromSlots(_before: StackModel, after: StackModel): readonly Step[] {
  const to = firstPrimary(after);
  return [
    secrets,
    stage,
    gather,
    copy({ to, from: theGathered }),
    switchFromSlots(to),
    files,
    clients({ among: newData, plain: 'They are cluster clients and must be started anew for one server.' }),
    growGroup,
    tune,
    ...(after.sentinel ? [clients({ among: newData, id: 'sentinels-told' })] : []),
    leaveOld,
    settle,
  ];
}

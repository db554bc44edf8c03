import type { StackModel } from '../../model/types.ts';
import type { Step } from '../step.ts';
import { files, secrets } from '../steps/files.ts';
import { roll } from '../steps/roll.ts';
import { settle } from '../steps/settle.ts';

/** The same nodes under another engine or release: one after the other, a primary after it has handed over. */
export function upgrade(_before: StackModel, _after: StackModel): readonly Step[] {
  return [secrets, files, roll, settle];
}

import { problem } from '../problem.ts';
import type { System } from '../system.ts';
import { type Asking, confirmed } from './confirmed.ts';

/** Passwords and certificates are changed only after a yes. */
export const rotateConfirmed = (system: System, args: Asking): Promise<boolean> =>
  confirmed(
    system,
    args,
    'Begin?',
    problem(
      'rotate/not-confirmed',
      '--yes',
      'This changes a running stack, and nobody is there to ask.',
      'Look at --dry-run, then add --yes.',
    ),
  );

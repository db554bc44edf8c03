import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';

/** The last word before something is done to a running stack. */
export async function confirmed(
  system: System,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<boolean> {
  if (yes) return true;
  if (!system.interactive || json)
    throw new ProblemError(
      problem(
        'rotate/not-confirmed',
        '--yes',
        'This changes a running stack, and nobody is there to ask.',
        'Look at --dry-run, then add --yes.',
      ),
    );
  const { default: inquirer } = await import('inquirer');
  const { go } = (await inquirer.createPromptModule()([
    { type: 'confirm', name: 'go', message: 'Begin?', default: false },
  ])) as { go: boolean };
  return go;
}

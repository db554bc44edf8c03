import yoctoSpinner from 'yocto-spinner';
import type { System } from '../system.ts';

/** Shows what is going on while `work` runs: on a terminal only, and never into the output of a program. */
export async function withProgress<T>(
  system: System,
  json: boolean,
  work: (show: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (!system.interactive || json) return work(() => undefined);
  const spinner = yoctoSpinner({ text: '' }).start();
  try {
    return await work((text) => {
      spinner.text = text;
    });
  } finally {
    spinner.stop();
  }
}

import { execa } from 'execa';
import type { System } from '../system.ts';

const LIMIT_MS = 60_000;

/** What a program said; not `ok` where it is not installed as well. */
export interface Said {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks a program on the user's PATH, which sees nothing else of the environment but where its owner's settings are. */
export async function askProgram(
  { env: { PATH, HOME } }: Pick<System, 'env'>,
  file: string,
  args: readonly string[],
): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa(file, args, {
    env: { PATH, HOME },
    extendEnv: false,
    reject: false,
    timeout: LIMIT_MS,
  });
  return { ok: exitCode === 0, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
}

import { randomBytes } from 'node:crypto';
import { run } from '../../src/commands/program.ts';
import { realFiles, type System } from '../../src/system.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, without a terminal, and gives what a user would see. */
export async function runCommand(
  cwd: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const system: System = {
    files: realFiles,
    cwd,
    env,
    interactive: false,
    randomBytes: (count) => randomBytes(count),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  };
  return { code: await run(system, argv), out, err };
}

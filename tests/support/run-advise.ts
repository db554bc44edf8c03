import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { addAdvise } from '../../src/commands/declare-advise.ts';
import { isProblemError, type Problem } from '../../src/problem.ts';
import { realFiles } from '../../src/system.ts';

/** Runs `advise` in this process, without a terminal: its exit code, what it printed, and what was wrong. */
export async function runAdvise(
  cwd: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly out: string; readonly problems: readonly Problem[] }> {
  let out = '';
  let code = -1;
  const print = (text: string) => {
    out += text;
  };
  const program = new Command().exitOverride();
  const system = { files: realFiles, cwd, env, interactive: false, randomBytes, out: print, err: print };
  addAdvise(program, system, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(['advise', ...argv], { from: 'user' });
    return { code, out, problems: [] };
  } catch (error) {
    if (!isProblemError(error)) throw error;
    return { code: 2, out, problems: error.problems };
  }
}

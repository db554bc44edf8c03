import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectOf } from '../../src/local/compose/project.ts';
import { findTool } from '../../src/local/compose/tool.ts';
import { credentialsOf } from '../../src/local/credentials.ts';
import { composeGround } from '../../src/migrate/ground/compose.ts';
import type { Ground } from '../../src/migrate/types.ts';
import type { StackModel } from '../../src/model/types.ts';
import { expectValue } from '../../src/problem.ts';
import type { Credentials } from '../../src/redis/connection.ts';
import { realFiles, type System } from '../../src/system.ts';
import { openModel } from '../support/open-model.ts';
import { command, type DockerStack, dockerEnvironment } from './stack.ts';

/** A stack that runs, and what it is to be: the configuration and the secrets of that are staged, nothing else is done. */
export interface NextStack {
  readonly ground: Ground;
  readonly before: StackModel;
  readonly after: StackModel;
  readonly credentials: Credentials;
  /** Another run of the same migration. */
  again(): Promise<Ground>;
  /** The files of the new stack in their places, as an update writes them. */
  apply(): Promise<void>;
}

const MIGRATE = '.redis-stack/migrate';

export async function nextStack({ dir }: DockerStack, ...flags: readonly string[]): Promise<NextStack> {
  const before = openModel(dir);
  const copy = join(dirname(dir), 'copy');
  cpSync(dir, copy, { recursive: true });
  await update(copy, flags);
  const after = openModel(copy);
  cpSync(join(copy, 'conf'), join(dir, MIGRATE, 'next/conf'), { recursive: true });
  for (const name of ['.env', '.secrets']) cpSync(join(copy, name), join(dir, name), { recursive: true });
  rmSync(copy, { recursive: true });
  const system = systemHere();
  const project = projectOf(system, dir, before, expectValue(await findTool(system.env)));
  const credentials = credentialsOf(realFiles, dir, 'admin', before);
  const again = () => composeGround({ project, before, after, credentials, timeoutSeconds: 60 });
  return {
    ...{ before, after, credentials, again },
    ground: await again(),
    apply: async () => {
      await update(dir, flags);
      rmSync(join(dir, MIGRATE, 'next'), { recursive: true });
    },
  };
}

async function update(dir: string, flags: readonly string[]): Promise<void> {
  const { code, out, err } = await command(['update', dir, ...flags]);
  if (code !== 0) throw new Error(`update gave ${code}:\n${out}${err}`);
}

const systemHere = (): System => ({
  files: realFiles,
  cwd: process.cwd(),
  env: dockerEnvironment(),
  interactive: false,
  randomBytes,
  out: () => undefined,
  err: () => undefined,
});

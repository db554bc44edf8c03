import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildModel } from '../../src/model/build.ts';
import type { StackModel } from '../../src/model/types.ts';
import { passwordEnv } from '../../src/model/users.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { readSpecText } from '../../src/spec/read.ts';

/** The model of the stack in a folder, as its redis-stack.yaml is now. */
export function openModel(dir: string): StackModel {
  const data = expectValue(readSpecText(readFileSync(join(dir, 'redis-stack.yaml'), 'utf8'), dir));
  return buildModel(expectValue(parseSpec(data, basename(dir))).spec);
}

/** The password of a user: the first line of its file. */
export function passwordIn(dir: string, user: string): string {
  return readFileSync(join(dir, '.secrets', user), 'utf8').split(/\r?\n/)[0] ?? '';
}

/** What an application on this machine has in its environment. */
export function appEnvironment(dir: string): Readonly<Record<string, string>> {
  return { [passwordEnv('app')]: passwordIn(dir, 'app'), REDIS_VIEW: 'host' };
}

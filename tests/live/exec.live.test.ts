import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { commandLines } from '../support/command-lines.ts';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { createStack, type Stack } from './stack.ts';

const stacks: Stack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

it('exec runs the client logged in, at the primary or at a named node, and shows no password', async () => {
  const stack = await createStack(newest('valkey'), '--topology', 'sentinel');
  stacks.push(stack);
  const exec = (...words: readonly string[]) => stack.command('exec', stack.dir, ...words);
  expect(await exec('--', 'valkey-cli', 'PING')).toMatchObject({ code: 2 });
  await stack.up();
  // Either engine's name means the client of this one.
  expect(await exec('--', 'redis-cli', 'SET', 'greeting', 'hello')).toMatchObject({ code: 0, out: 'OK' });
  const replica = ['--user', 'admin', '--node', 'node-2', '--', 'valkey-cli', 'ROLE'];
  expect((await exec(...replica)).out).toContain('slave');
  expect((await exec('--node', 'sentinel-1', '--', 'valkey-cli', 'PING')).out).toBe('PONG');
  expect((await exec('--', 'valkey-cli', '-e', 'FLUSHALL')).code).toBe(1);

  const waiting = exec('--', 'valkey-cli', 'BLPOP', 'nothing-comes', '2');
  const seen = await until('the client runs', () => {
    const lines = commandLines();
    return lines.some((line) => /valkey-cli .*BLPOP/.test(line)) && lines;
  });
  const password = readFileSync(`${stack.dir}/.secrets/app`, 'utf8').trim();
  expect(seen.filter((line) => line.includes(password))).toEqual([]);
  expect((await waiting).code).toBe(0);
});

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTree } from './support/case-folders.ts';

const cli = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url));
const env = { PATH: process.env.PATH ?? '', NO_COLOR: '1' };
const cwd = mkdtempSync(join(tmpdir(), 'kill-'));
const start = (...words: readonly string[]) =>
  execa('node', [cli, ...words], { cwd, env, extendEnv: false, reject: false });

const CHANGE = ['--topology', 'cluster', '--memory', '4Gi', '--targets', 'compose,client'];

beforeAll(async () => {
  expect((await start('old', '--yes', '--name', 'shop', '--topology', 'sentinel')).exitCode).toBe(0);
  cpSync(join(cwd, 'old'), join(cwd, 'new'), { recursive: true });
  expect((await start('update', 'new', ...CHANGE)).exitCode).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const tree = (name: string) => readTree(join(cwd, name));

/** Secrets of users that only the new topology has are random, so only their names can be compared. */
function comparable(all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(all).map(([path, text]) => [path, /^\.env$|^\.secrets\//.test(path) ? '' : text]),
  );
}

describe('an update that is killed with SIGKILL', () => {
  it('leaves the old tree or the new one, and the next run finishes the job', async () => {
    const began = Date.now();
    cpSync(join(cwd, 'old'), join(cwd, 'timed'), { recursive: true });
    await start('update', 'timed', ...CHANGE);
    const whole = Date.now() - began;
    const [old, fresh] = [comparable(tree('old')), comparable(tree('new'))];
    const seen = { old: 0, new: 0, finished: 0 };
    for (let i = 0; i < 40; i++) {
      const name = `run-${i}`;
      cpSync(join(cwd, 'old'), join(cwd, name), { recursive: true });
      const running = start('update', name, ...CHANGE);
      // Most of a run is start-up; the second half is where files change.
      await sleep(whole * (0.35 + (0.65 * i) / 40));
      running.kill('SIGKILL');
      await running;
      const killed = comparable(tree(name));
      // Without flags: whatever redis-stack.yaml says by now.
      const next = await start('update', name);
      expect([next.exitCode, next.stderr], name).toEqual([0, '']);
      const after = comparable(tree(name));
      const isOld = JSON.stringify(after) === JSON.stringify(old);
      if (!isOld) expect(after, name).toEqual(fresh);
      seen[isOld ? 'old' : 'new'] += 1;
      if (JSON.stringify(killed) !== JSON.stringify(after)) seen.finished += 1;
      rmSync(join(cwd, name), { recursive: true });
    }
    // Both ends were met; how often a kill fell between them depends on the machine.
    expect(seen.old).toBeGreaterThan(0);
    expect(seen.new).toBeGreaterThan(0);
  });
});

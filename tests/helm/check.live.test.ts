import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tool } from '../support/engines.ts';
import { runCommand } from '../support/run-command.ts';

let cwd = '';
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'check-helm-'));
  const words = ['shop', '--yes', '--topology', 'sentinel', '--set', 'targets=helm'];
  const { code, err } = await runCommand(cwd, words);
  expect([code, err]).toEqual([0, '']);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const check = (path = dirname(tool('helm'))) =>
  runCommand(cwd, ['check', 'shop', '--only', 'helm'], { PATH: path, HOME: cwd });

/** Edits a file of the chart, looks, and takes the edit back. */
async function edited(path: string, change: (text: string) => string) {
  const file = join(cwd, 'shop/helm/shop', path);
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, change(before));
  const ran = await check();
  writeFileSync(file, before);
  return ran;
}

it('Helm takes the chart as it is written', async () => {
  const { code, out } = await check();
  expect(out).toContain('linted and rendered by Helm v4');
  expect(code).toBe(0);
});

it('a value that the chart refuses is told in its own words', async () => {
  const { code, out } = await edited('values.yaml', (text) =>
    text.replace(/^ {2}quorum: .*/m, '  quorum: 1'),
  );
  expect(code).toBe(1);
  expect(out).toContain('Set it to 2.');
});

it('so is a template that is none', async () => {
  const { code, out } = await edited(
    'templates/data.yaml',
    (text) => `${text}\n{{ include "stack.nobody" . }}\n`,
  );
  expect(code).toBe(1);
  expect(out).toContain('stack.nobody');
});

it('without helm nothing is claimed', async () => {
  const { code, out } = await check('/nowhere');
  expect(out).toContain('helm is not installed here.');
  expect(code).toBe(0);
});

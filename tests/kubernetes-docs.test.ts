import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${root}docs/kubernetes.md`, 'utf8');

/** The rows of the comparison: what, whether this chart has it, the file that shows it, and words that stand in that file. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('✔'))
  .map((line) => {
    const [, what = '', ours = '', proof = ''] = line.split('|').map((cell) => cell.trim());
    const [, file = '', words = ''] = /^`([^`]+)` (.+)$/.exec(proof) ?? [];
    return { what, ours, file, words };
  });

describe('the comparison with other charts', () => {
  it('has a proof for everything that is claimed', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(({ file, words }) => file === '' || words === '')).toEqual([]);
  });

  it.each(rows)('$what: the proof is there', ({ file, words }) => {
    expect(readFileSync(`${root}${file}`, 'utf8')).toContain(words);
  });
});

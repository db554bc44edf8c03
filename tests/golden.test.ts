import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNames, caseRoot, readTree } from './support/case-folders.ts';
import { renderCase, writeCase } from './support/golden.ts';

describe('golden trees', () => {
  it.each(caseNames('golden'))('%s', (name) => {
    if (process.env.WRITE_GOLDEN && !process.env.CI) writeCase(name);
    const wanted = readTree(join(caseRoot('golden'), name, 'tree'));
    const got = renderCase(name);
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
    for (const [path, text] of Object.entries(got)) expect(text, path).toBe(wanted[path]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expectValue } from '../src/problem.ts';
import { editSpecText } from '../src/spec/edit.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { printSpec } from '../src/spec/print.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { printYaml } from '../src/targets/yaml.ts';
import { anySpec } from './support/specs.ts';

const spec = (input: SpecInput) => expectValue(parseSpec({ ...input, name: 'shop' }, 'shop')).spec;

describe('new answers in the user’s own redis-stack.yaml', () => {
  it('only the values change; comments, order and quotes stay, and new keys go where they are printed', () => {
    const text = [
      '# ours',
      'topology:',
      '  kind: standalone # for now',
      "name: 'shop'",
      '',
      'memory: { limit: 1Gi }',
      '',
    ].join('\n');
    const before = spec({ topology: { kind: 'standalone' }, memory: { limit: '1Gi' } });
    const after = spec({ topology: { kind: 'cluster', shards: 4, replicas: 2 }, memory: { limit: '2Gi' } });
    expect(editSpecText(text, before, after)).toBe(
      [
        '# ours',
        'topology:',
        '  kind: cluster # for now',
        '  shards: 4',
        '  replicas: 2',
        "name: 'shop'",
        '',
        'memory: { limit: 2Gi }',
        '',
      ].join('\n'),
    );
  });

  it('what the user left to its default stays so, and sections that are missing are added', () => {
    const before = spec({});
    const text = 'name: shop\n';
    expect(editSpecText(text, before, spec({ topology: { kind: 'cluster' } }))).toBe(
      'name: shop\ntopology:\n  kind: cluster\n',
    );
    const more = spec({ network: { port: 7000 }, security: { users: [{ name: 'reports' }] } });
    const edited = editSpecText(text, before, more);
    expect(expectValue(parseSpec(parse(edited), 'shop')).spec).toEqual(more);
    expect(edited).not.toContain('!!');
  });

  it('any acceptable spec over any other, from a full text and from a bare one', () => {
    const acceptable = anySpec
      .map((input) => ({ input, parsed: parseSpec({ ...input, name: 'shop' }, 'shop') }))
      .filter(({ parsed }) => parsed.ok);
    fc.assert(
      fc.property(acceptable, acceptable, (from, to) => {
        const [before, after] = [from, to].map(({ parsed }) => expectValue(parsed).spec);
        if (!before || !after) return;
        for (const text of [`# mine\n${printSpec(before)}`, printYaml({ name: 'shop', ...from.input })]) {
          const edited = editSpecText(text, before, after);
          expect(expectValue(parseSpec(parse(edited, { version: '1.1' }), 'shop')).spec).toEqual(after);
          if (text.startsWith('# mine')) expect(edited).toMatch(/^# mine/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

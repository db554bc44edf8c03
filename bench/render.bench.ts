import { bench, describe } from 'vitest';
import { generate } from '../src/pipeline.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';

describe('one stack, warm process', () => {
  for (const kind of ['standalone', 'sentinel', 'cluster'] as const) {
    bench(kind, () => {
      const { spec } = expectValue(parseSpec({ topology: { kind } }, 'shop'));
      generate(spec);
    });
  }
});

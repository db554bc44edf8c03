import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { printedSchema } from '../build/print-schema.ts';
import { caseNames, caseRoot } from './support/case-folders.ts';

const shipped = readFileSync(new URL('../docs/generated/redis-stack.schema.json', import.meta.url), 'utf8');
const validate = new Ajv({ strict: false }).compile(JSON.parse(shipped));

describe('the shipped JSON Schema', () => {
  it('is the one that the code prints (npm run docs)', () => {
    expect(shipped).toBe(printedSchema());
  });

  it.each(caseNames('golden'))('accepts what %s is made from and what it writes', (name) => {
    for (const file of ['spec.yaml', 'tree/redis-stack.yaml']) {
      const data: unknown = parse(readFileSync(`${caseRoot('golden')}${name}/${file}`, 'utf8'));
      expect(validate(data), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it.each([
    ['an unknown key', { topolgy: {} }],
    ['a wrong choice', { engine: { name: 'mongo' } }],
    ['a number for a text', { memory: { limit: 1 } }],
  ])('refuses %s', (_, data) => {
    expect(validate(data)).toBe(false);
  });
});

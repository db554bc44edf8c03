import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printedRules } from '../build/print-doctor-rules.ts';
import { CHECKLIST } from '../src/doctor/checklist/index.ts';
import type { Facts, NodeFacts } from '../src/doctor/facts.ts';
import { RULES } from '../src/doctor/rules/index.ts';
import type { ChecklistItem, Found, Rule } from '../src/doctor/types.ts';
import { caseNames, caseRoot } from './support/case-folders.ts';
import { casesOf, factsOf } from './support/doctor-cases.ts';

/** What a case says, held against the file beside it. */
function expectScreen(path: string, said: string): void {
  const file = join(caseRoot('doctor'), `${path}.txt`);
  if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(file, said);
  expect(said).toBe(existsSync(file) ? readFileSync(file, 'utf8') : `no file ${path}.txt`);
}

function inWords({ severity, find }: Rule, facts: Facts): string {
  const words = (found: Found) => {
    const fixes = (found.fixes ?? []).map((fix) =>
      fix.kind === 'command'
        ? `  fix ${fix.at}: ${fix.words.join(' ')}${fix.live ? ' (live)' : ''}: ${fix.effect}`
        : `  fix spec ${fix.path}=${fix.value}: ${fix.effect}`,
    );
    const saves = found.saves ? [`  saves ${found.saves.bytes} ± ${found.saves.plusMinus} bytes`] : [];
    return [
      `${found.severity ?? severity} at ${found.at}`,
      `  ${found.message}`,
      ...found.evidence.map((one) => `  seen: ${one}`),
      `  remedy: ${found.remedy}`,
      ...fixes,
      ...saves,
    ].join('\n');
  };
  return `${find(facts).map(words).join('\n')}\n`;
}

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  const cases = existsSync(join(caseRoot('doctor'), id)) ? casesOf(id) : [];

  it('has a case that fires and one that stays silent', () => {
    expect(cases.some((name) => name.startsWith('fires'))).toBe(true);
    expect(cases.some((name) => name.startsWith('silent'))).toBe(true);
  });

  it.each(cases)('%s', (name) => {
    const facts = factsOf(`${id}/${name}`);
    if (name.startsWith('silent')) expect(rule.find(facts)).toEqual([]);
    else {
      expect(rule.find(facts)).not.toEqual([]);
      expectScreen(`${id}/${name}`, inWords(rule, facts));
    }
  });
});

describe.each(CHECKLIST.map((item) => [item.id, item] as const))(
  'checklist: %s',
  (id, item: ChecklistItem) => {
    it.each(['yes', 'no', 'unseen'])('%s', (name) => {
      const { answer, evidence } = item.answer(factsOf(`checklist-${id}/${name}`));
      expect(answer).toBe(name);
      expectScreen(`checklist-${id}/${name}`, `${evidence.join('\n')}\n`);
    });
  },
);

const healthy = factsOf();

describe('every rule', () => {
  it('is told apart by its id, in words that stand alone', () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, title, why, fix, looksAt, sources } of RULES) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      for (const text of [title, why, fix]) expect(text.length).toBeGreaterThan(10);
      expect(looksAt.length).toBeGreaterThan(0);
      for (const source of sources) expect(source).toMatch(/^https:\/\//);
      expect(sources.length).toBeGreaterThan(0);
    }
  });

  it('stands in docs/generated/doctor-rules.md', () => {
    const shipped = readFileSync(new URL('../docs/generated/doctor-rules.md', import.meta.url), 'utf8');
    expect(shipped).toBe(printedRules());
  });

  it('belongs to a folder of cases, and each folder to a rule', () => {
    const known = [...RULES.map(({ id }) => id), ...CHECKLIST.map(({ id }) => `checklist-${id}`)];
    expect([...caseNames('doctor')].sort()).toEqual(known.sort());
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))(
    '%s: silent on a server in good order',
    (_, rule) => {
      expect(rule.find(healthy)).toEqual([]);
    },
  );

  it.each(RULES.map((rule) => [rule.id, rule] as const))(
    '%s: judges facts with nothing in them',
    (_, rule) => {
      const [{ at, name } = { at: { host: '', port: 0 }, name: '' }] = healthy.nodes;
      const bare = { at, name, tls: false } as NodeFacts;
      expect(() => rule.find({ ...healthy, nodes: [bare] })).not.toThrow();
      expect(() => rule.find({ ...healthy, nodes: [] })).not.toThrow();
    },
  );
});

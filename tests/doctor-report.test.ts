import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { printedRules } from '../build/print-doctor-rules.ts';
import { toHtml } from '../src/doctor/report/html.ts';
import { type Report, toJson } from '../src/doctor/report/json.ts';
import { memoryByPrefix, memoryByType } from '../src/doctor/report/memory.ts';
import { toSarif } from '../src/doctor/report/sarif.ts';
import { terminal } from '../src/doctor/report/terminal.ts';
import { wrapped } from '../src/doctor/report/wrap.ts';
import { RULES as REAL_RULES } from '../src/doctor/rules/index.ts';
import { caseRoot } from './support/case-folders.ts';
import { factsOf } from './support/doctor-cases.ts';
import { cluster, HOSTILE, PAGES, RULES, sentinelGroup, single } from './support/doctor-pages.ts';

/** What is shown, held against a file. */
function expectScreen(name: string, said: string): void {
  const file = join(caseRoot('doctor-report'), `${name}.txt`);
  if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(file, said);
  expect(said).toBe(existsSync(file) ? readFileSync(file, 'utf8') : `no file ${name}.txt`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe('in a terminal', () => {
  it.each(Object.entries(PAGES))('%s', (name, make) => {
    expectScreen(name, terminal(make(), { columns: 80, rules: RULES }));
  });

  it.each([40, 80, 100, 120])('stays within %i columns and on one meaning a line', (columns) => {
    for (const make of Object.values(PAGES)) {
      const lines = terminal(make(), { columns, rules: RULES }).split('\n');
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(lines.filter((line) => UNSAFE.test(line))).toEqual([]);
    }
  });

  it('a spec says that nothing was asked', () => {
    const facts = { ...factsOf(), source: 'spec' as const };
    const said = terminal({ facts, checklist: [], findings: [] }, { columns: 80 });
    expect(said).toContain('Nothing runs: these are the decisions of the spec.');
    expect(said).toContain('Nothing to mend.');
  });

  it('a password in the address is not shown', () => {
    const facts = { ...factsOf(), asked: 'redis://app:s3cret@10.0.0.1:7000' };
    const diagnosis = { facts, checklist: [], findings: [] };
    for (const text of [terminal(diagnosis, { columns: 80 }), toJson(diagnosis), toHtml(diagnosis)])
      expect(text).not.toContain('s3cret');
  });

  it('breaks words that are longer than a line, and loses none', () => {
    const text = `a ${'x'.repeat(50)} b`;
    const lines = wrapped(text, 20);
    expect(lines.every((line) => line.length <= 20)).toBe(true);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
  });
});

describe('as JSON', () => {
  const report = JSON.parse(toJson(sentinelGroup())) as Report;

  it('has the same keys for every server', () => {
    const shape = (value: object) => Object.keys(value);
    for (const make of Object.values(PAGES))
      expect(shape(JSON.parse(toJson(make())) as Report)).toEqual(shape(report));
    expect(shape(report)).toEqual([
      ...['version', 'asked', 'source', 'at', 'topology', 'releases', 'counts', 'findings', 'checklist'],
      ...['nodes', 'sentinels', 'sample', 'unseen', 'allow', 'silent', 'commandsSent'],
    ]);
  });

  it('holds every finding with its evidence and fixes', () => {
    const { findings } = sentinelGroup();
    expect(report.findings).toEqual(JSON.parse(JSON.stringify(findings)));
    expect(report.counts).toEqual({ error: 1, warning: 8, note: 1 });
  });

  it('says what was seen of each node, and what would allow the rest', () => {
    expect(report.nodes[1]).toEqual({
      ...{
        name: '10.0.0.2:7000',
        at: '10.0.0.2:7000',
        role: 'replica',
        software: 'Valkey',
        version: '9.1.2',
      },
      ...{
        tls: false,
        keys: 100_000,
        usedBytes: 314_572_800,
        maxmemoryBytes: 805_306_368,
        uptimeSeconds: 864_000,
      },
    });
    expect(report.allow).toBe('ACL SETUSER probe +config|get +slowlog|get');
    expect(JSON.parse(toJson(single())).sample).toBe(null);
  });
});

describe('memory by prefix and by type', () => {
  it('counts data once where a replica was sampled too, and adds up to the same', () => {
    const facts = factsOf();
    const sum = (shares: readonly { readonly bytes: number }[]) =>
      shares.reduce((all, one) => all + one.bytes, 0);
    expect(memoryByPrefix(facts).map(({ name, bytes, keys }) => [name, bytes, keys])).toEqual([
      ['session:*', 252_000_000, 60_000],
      ['product:*', 4_000_000, 40_000],
    ]);
    expect(sum(memoryByType(facts))).toBe(sum(memoryByPrefix(facts)));
    expect(memoryByPrefix(facts).every(({ plusMinus }) => plusMinus > 0)).toBe(true);
  });
});

describe('as SARIF', () => {
  const logOf = (text: string) => JSON.parse(text) as Log;

  it('has a rule for each result, with help and the address of a page', () => {
    const [run] = logOf(toSarif(cluster(), { rules: RULES })).runs;
    const rules = run?.tool.driver.rules ?? [];
    expect(rules.map(({ id }) => id)).toEqual(['no-limit', 'large-keys', 'small-hashes']);
    for (const { help, helpUri, shortDescription } of rules) {
      expect(help?.text).toContain('sooner or later');
      expect(helpUri).toMatch(/^https:/);
      expect(shortDescription?.text).toBeTruthy();
    }
    expect(run?.results).toHaveLength(302);
    const levels = new Set(run?.results?.map(({ level }) => level));
    expect([...levels]).toEqual(['error', 'warning', 'note']);
  });

  it('names nodes; a file there is only for a stack of ours', () => {
    const locations = (text: string) => logOf(text).runs[0]?.results?.[0]?.locations?.[0];
    expect(locations(toSarif(sentinelGroup()))).toEqual({
      logicalLocations: [{ name: '10.0.0.1:7000', fullyQualifiedName: '10.0.0.1:7000', kind: 'resource' }],
    });
    const inFolder = locations(toSarif(sentinelGroup(), { folder: 'infra/shop' }));
    expect(inFolder?.physicalLocation?.artifactLocation?.uri).toBe('infra/shop/redis-stack.yaml');
  });

  it('tells the same finding by the same fingerprint, and two places apart', () => {
    const prints = (text: string) =>
      logOf(text).runs[0]?.results?.map((one) => one.partialFingerprints?.['ruleAndPlace/v1']);
    expect(prints(toSarif(cluster()))).toEqual(prints(toSarif(cluster())));
    expect(new Set(prints(toSarif(cluster()))).size).toBe(302);
  });
});

describe('as a page', () => {
  it.each(Object.entries(PAGES))('%s: is one file that asks nobody', (_, make) => {
    const html = toHtml(make(), RULES);
    const outside = html.replace(/<script type="application\/json"[\s\S]*?<\/script>/, '');
    expect(outside).not.toMatch(
      /src=|url\(|@import|fetch\(|XMLHttpRequest|innerHTML|insertAdjacent|\beval\b/,
    );
    expect(html).toContain(`default-src 'none'`);
    expect(html).not.toMatch(/STYLE-|SCRIPT-|"PAGE-DATA"/);
  });

  it('keeps what strangers wrote inside of the data', () => {
    const html = toHtml(cluster(), RULES);
    expect(html).not.toContain(HOSTILE.slice(0, 20));
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).toContain('\\u003c/script>\\u003cimg');
  });

  it('is the same for the same facts, and small', () => {
    expect(toHtml(cluster(), RULES)).toBe(toHtml(cluster(), RULES));
    expect(toHtml(single(), RULES).length).toBeLessThan(60_000);
  });
});

describe('the documentation of rules', () => {
  it('has each rule once, with what it looks at and its sources', () => {
    const text = printedRules();
    for (const { id, sources } of REAL_RULES) {
      expect(text.split(`\n### ${id}\n`)).toHaveLength(2);
      for (const source of sources) expect(text).toContain(source);
    }
  });
});

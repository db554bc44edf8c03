import { mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Log } from 'sarif';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toJunit, toSarif } from '../src/commands/formats.ts';
import { runCommand } from './support/run-command.ts';

let cwd = '';
const at = (path: string) => join(cwd, 'infra/shop', path);
const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(at(path), change(readFileSync(at(path), 'utf8')));
const check = (...words: readonly string[]) =>
  runCommand(cwd, ['check', 'infra/shop', '--only', 'files', ...words]);

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'check-'));
  expect((await runCommand(cwd, ['infra/shop', '--yes'])).code).toBe(0);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const codesOf = (out: string) =>
  (JSON.parse(out) as { checks: { findings: { code: string; at: string }[] }[] }).checks.flatMap((c) =>
    c.findings.map((f) => `${f.code} ${f.at}`),
  );

describe('drift', () => {
  it('edits that merge, deleted files and secrets are none', async () => {
    edit('conf/redis.conf', (t) => `${t}hz 50\n`);
    edit('compose.yaml', (t) => t.replace('services:\n', 'services:\n  app:\n    image: app:1\n'));
    unlinkSync(at('README.md'));
    unlinkSync(at('.env'));
    expect((await check()).code).toBe(0);
  });

  it('a spec that has moved on is, in every file that follows from it', async () => {
    edit('redis-stack.yaml', (t) => t.replace('limit: 1Gi', 'limit: 2Gi'));
    edit('conf/redis.conf', (t) => t.replace(/^maxmemory .*/m, 'maxmemory 5mb'));
    const { code, out } = await check('--json');
    expect(code).toBe(1);
    expect(codesOf(out)).toEqual([
      'files/update README.md',
      'files/update compose.yaml',
      'files/conflict conf/redis.conf',
    ]);
  });

  it.each([
    [
      'edited',
      '.redis-stack/base/conf/redis.conf',
      () => edit('.redis-stack/base/conf/redis.conf', (t) => `${t}#\n`),
    ],
    ['lost', '.redis-stack/base/conf/redis.conf', () => unlinkSync(at('.redis-stack/base/conf/redis.conf'))],
    ['all lost', '.redis-stack/state.json', () => rmSync(at('.redis-stack'), { recursive: true })],
  ] as const)('records that were %s are found, and rebuilt by update --adopt', async (_, path, damage) => {
    damage();
    const found = await check('--json');
    expect(found.code).toBe(1);
    expect(codesOf(found.out)).toContain(`records/damaged ${path}`);
    expect((await runCommand(cwd, ['update', 'infra/shop', '--adopt'])).code).toBe(0);
    expect((await check()).code).toBe(0);
  });
});

describe('reports for other systems', () => {
  it('SARIF names files as the repository sees them', async () => {
    edit('redis-stack.yaml', (t) => t.replace('limit: 1Gi', 'limit: 2Gi'));
    const { code, out } = await check('--format', 'sarif');
    const log = JSON.parse(out) as Log;
    expect([code, log.version]).toEqual([1, '2.1.0']);
    const places = log.runs[0]?.results?.map((r) => r.locations?.[0]?.physicalLocation);
    expect(places?.map((p) => [p?.artifactLocation?.uri, p?.region?.startLine])).toEqual([
      ['infra/shop/README.md', 1],
      ['infra/shop/compose.yaml', 1],
      ['infra/shop/conf/redis.conf', 1],
    ]);
    const rules = log.runs[0]?.tool.driver.rules?.map((rule) => rule.id);
    expect(log.runs[0]?.results?.every((r) => rules?.includes(r.ruleId ?? ''))).toBe(true);
  });

  it('a line number in a place becomes a line; what is no file is shown at the spec', () => {
    const finding = { severity: 'error', message: 'm', remedy: 'r' } as const;
    const findings = [
      { ...finding, code: 'a/b', at: 'conf/my file.conf:12' },
      { ...finding, code: 'a/b', at: 'conf/redis.conf:12' },
      { ...finding, code: 'a/b', at: 'topology.shards' },
    ];
    const result = { status: 'failed', said: '', findings } as const;
    const places = { prefix: 'a b', isFile: (path: string) => path === 'conf/redis.conf' };
    const log = JSON.parse(toSarif([{ id: 'x', title: 'x', result }], places)) as Log;
    expect(
      log.runs[0]?.results?.map(({ locations }) => [
        locations?.[0]?.physicalLocation?.artifactLocation?.uri,
        locations?.[0]?.physicalLocation?.region?.startLine,
      ]),
    ).toEqual([
      ['a%20b/redis-stack.yaml', 1],
      ['a%20b/conf/redis.conf', 12],
      ['a%20b/redis-stack.yaml', 1],
    ]);
  });

  it('JUnit has one test case a check, with the findings in the failed one', async () => {
    edit('redis-stack.yaml', (t) => t.replace('limit: 1Gi', 'limit: 2Gi'));
    const { out } = await runCommand(cwd, [
      'check',
      'infra/shop',
      '--only',
      'files,server',
      '--format',
      'junit',
    ]);
    expect(XMLValidator.validate(out)).toBe(true);
    const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(out) as {
      testsuites: { testsuite: Record<string, unknown> & { testcase: Record<string, unknown>[] } };
    };
    expect(testsuites.testsuite).toMatchObject({ '@_tests': '2', '@_failures': '1', '@_skipped': '1' });
    const [files, server] = testsuites.testsuite.testcase;
    expect(files?.failure).toMatchObject({ '@_type': 'files/update' });
    expect(JSON.stringify(files?.failure)).toContain('compose.yaml: It is not what the spec gives');
    expect(JSON.stringify(server?.skipped)).toContain('no redis-server on the PATH');
  });

  it('JUnit is well-formed whatever a program said', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(']]>', '<a', '&x;', '\u0000', '\ud800'),
    );
    fc.assert(
      fc.property(text, text, (message, detail) => {
        const finding = { code: 'a/b', severity: 'error', at: message, message, remedy: detail } as const;
        const result = {
          status: 'failed',
          said: detail,
          findings: [{ ...finding, detail: [detail] }],
        } as const;
        const out = toJunit([{ id: 'x', title: 'x', result }]);
        expect(XMLValidator.validate(out)).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
        expect(out).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['junit', 'sarif'])('a spec that is none is reported in %s too', async (format) => {
    writeFileSync(at('redis-stack.yaml'), 'topology: [\n');
    const { code, out, err } = await check('--format', format);
    expect([code, err]).toEqual([2, '']);
    if (format === 'junit') expect(XMLValidator.validate(out)).toBe(true);
    expect(out).toContain('redis-stack.yaml');
  });

  it('an unknown format is refused with the nearest one', async () => {
    const { code, err } = await check('--format', 'jnuit');
    expect([code, err]).toEqual([2, expect.stringContaining('junit')]);
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpecInput } from '../../src/spec/schema.ts';
import { printFinding, readObjects } from '../support/kubernetes/objects.ts';
import { policyFindings, templateFindings, wishFindings } from '../support/kubernetes/policy.ts';
import { upgradeFindings } from '../support/kubernetes/upgrade.ts';
import { validate } from '../support/kubernetes/validate.ts';
import { NEWEST_MINOR, OLDEST_MINOR } from '../support/kubernetes/versions.ts';
import { chartFilesOf, emitChart } from './emit.ts';
import { GOLDENS, printGolden } from './goldens.ts';
import { HELMS, lint, render } from './helm.ts';
import { CASES } from './matrix.ts';
import { REFUSALS } from './refusals.ts';
import { UPGRADES } from './upgrades.ts';

/** What each version of the chart made of the golden stacks, as it was released. */
const RELEASED = readdirSync(new URL('released/', import.meta.url)).flatMap((version) => {
  const folder = fileURLToPath(new URL(`released/${version}`, import.meta.url));
  return Object.keys(GOLDENS).map((name) => ({ version, folder, name }));
});

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'chart-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What one Helm makes of a chart after it found nothing to say about it. */
async function made(
  helm: (typeof HELMS)[number],
  rendering: { chart: string; values: object; release: string },
) {
  const [linted, rendered] = await Promise.all([
    lint(home, { helm, ...rendering }),
    render(home, { helm, ...rendering }),
  ]);
  expect(linted.ok, `${helm} lint: ${linted.stdout}${linted.stderr}`).toBe(true);
  expect(rendered.ok, `${helm} template: ${rendered.stderr}`).toBe(true);
  return rendered.stdout;
}

describe('the chart holds under every pair of choices', () => {
  it.each(CASES)('$title', async ({ input, values, release, known, without, wishes }) => {
    const chart = emitChart(home, input);
    const [text = '', other = ''] = await Promise.all(
      HELMS.map((helm) => made(helm, { chart, values, release })),
    );
    const objects = readObjects(text);
    if (other !== text)
      expect(sorted(readObjects(other)), 'Helm 3 and Helm 4 differ').toEqual(sorted(objects));
    const found = [OLDEST_MINOR, NEWEST_MINOR].flatMap((minor) =>
      validate(objects, minor, known).map((one) => `1.${minor} ${printFinding(one)}`),
    );
    const broken = [...policyFindings(objects, { without }), ...wishFindings(objects, wishes)].map(
      printFinding,
    );
    expect([...found, ...broken]).toEqual([]);
  });
});

/** The two print hooks in different places. */
const sorted = (objects: ReturnType<typeof readObjects>) =>
  objects
    .map((object) => [`${object.kind} ${object.metadata.name}`, object] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

describe('what the chart renders', () => {
  it.each(Object.entries(GOLDENS))('%s', async (name, { input, values }) => {
    const chart = emitChart(home, input);
    const golden = fileURLToPath(new URL(`golden/${name}.yaml`, import.meta.url));
    const text = printGolden(readObjects(await made('helm', { chart, values, release: 'shop' })));
    if (process.env.WRITE_GOLDEN) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('is the same each time', () => {
    const templates = new Map(
      [...chartFilesOf({ topology: { kind: 'sentinel' }, targets: ['helm'] })].filter(([path]) =>
        path.startsWith('templates/'),
      ),
    );
    expect(templates.size).toBeGreaterThan(10);
    expect(templateFindings(templates).map(printFinding)).toEqual([]);
  });
});

describe('wrong values are refused with what to do', () => {
  it.each(REFUSALS)(
    '$topology: $title',
    async ({ topology, values, says, tls = false, release = 'shop' }) => {
      const chart = emitChart(home, { topology: { kind: topology }, security: { tls }, targets: ['helm'] });
      const answers = await Promise.all(HELMS.map((helm) => render(home, { helm, chart, values, release })));
      for (const { ok, stderr } of answers) {
        expect(ok, 'it is taken').toBe(false);
        expect(stderr).toMatch(says);
      }
    },
  );
});

describe('an upgrade is one that Kubernetes takes', () => {
  it.each(UPGRADES)('$topology: $title', async ({ topology, input = {}, values = {} }) => {
    const before: SpecInput = { topology: { kind: topology }, targets: ['helm'] };
    const [old, next] = await Promise.all([
      render(home, { helm: 'helm', chart: emitChart(home, before), values: {} }),
      render(home, { helm: 'helm', chart: emitChart(home, { ...before, ...input }), values }),
    ]);
    expect([old.stderr, next.stderr]).toEqual(['', '']);
    expect(next.stdout).not.toBe(old.stdout);
    expect(upgradeFindings(readObjects(old.stdout), readObjects(next.stdout)).map(printFinding)).toEqual([]);
  });

  it.each(RELEASED)('from $version, $name', async ({ folder, name }) => {
    const golden = GOLDENS[name];
    if (!golden) throw new Error(`no stack is called ${name}`);
    const { input, values } = golden;
    const next = await render(home, { helm: 'helm', chart: emitChart(home, input), values });
    const released = readObjects(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
    expect(upgradeFindings(released, readObjects(next.stdout)).map(printFinding)).toEqual([]);
  });
});

it('the chart is one as it stands in this repository', async () => {
  const chart = fileURLToPath(new URL('../../templates/helm', import.meta.url));
  const objects = readObjects(await made('helm', { chart, values: {}, release: 'shop' }));
  expect(objects.filter(({ kind }) => kind === 'StatefulSet')).toHaveLength(2);
});

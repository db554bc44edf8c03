import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHtml } from '../../src/doctor/report/html.ts';
import { openPage, type Page } from '../support/browser.ts';
import { HOSTILE, PAGES, RULES } from '../support/doctor-pages.ts';

/** The pages and pictures of them are kept where this names a folder. */
const KEPT = process.env.DOCTOR_PICTURES;

const folder = mkdtempSync(join(tmpdir(), 'redis-stack-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Elements that reach beyond the right edge of the window. */
const OVERFLOWING = `[...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('thead'))
  .map((one) => one.outerHTML.slice(0, 200))`;

/** Texts whose contrast with what is behind them is below what WCAG AA asks for, by the colours as they are computed. */
const PALE = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgb(matchMedia('(prefers-color-scheme: dark)').matches ? 'black' : 'white');
  };
  return [...document.querySelectorAll('#page *')]
    .filter((one) => !one.closest('svg') && [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .map((one) => {
      const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
      return { contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: one.outerHTML.slice(0, 120) };
    })
    .filter(({ contrast }) => contrast < 4.5);
})()`;

describe.each(Object.entries(PAGES))('%s', (name, make) => {
  const diagnosis = make();
  const { facts, findings, checklist } = diagnosis;
  const file = join(folder, `${name}.html`);
  let page: Page;

  beforeAll(async () => {
    writeFileSync(file, toHtml(diagnosis, RULES));
    page = await openPage(file);
  });
  afterAll(() => page?.close());

  it.each([
    { width: 1280, scheme: 'light' },
    { width: 1280, scheme: 'dark' },
    { width: 375, scheme: 'light' },
    { width: 375, scheme: 'dark' },
  ] as const)('fits and can be read at $width, $scheme', async (view) => {
    await page.show(view);
    expect(await page.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(view.width);
    expect(await page.value(OVERFLOWING)).toEqual([]);
    expect(await page.value(PALE)).toEqual([]);
    if (KEPT) {
      mkdirSync(KEPT, { recursive: true });
      writeFileSync(join(KEPT, `${name}.html`), toHtml(diagnosis, RULES));
      writeFileSync(join(KEPT, `${name}-${view.width}-${view.scheme}.png`), await page.picture());
    }
  });

  it('asks nobody for anything and complains about nothing', () => {
    expect(page.requests).toEqual([]);
    expect(page.complaints).toEqual([]);
  });

  it('holds each finding, each point of the checklist and each server', async () => {
    await page.show({ width: 1280, scheme: 'light' });
    const texts = await page.value<readonly string[]>(
      `[...document.querySelectorAll('.message')].map((one) => one.textContent)`,
    );
    expect([...texts].sort()).toEqual(findings.map(({ message }) => message).sort());
    expect(await page.value(`document.querySelectorAll('.answer').length`)).toBe(checklist.length);
    const inCluster = facts.nodes.find(({ cluster }) => cluster)?.cluster?.nodes.length;
    const boxes = (inCluster ?? facts.nodes.length + facts.silent.length) + facts.sentinels.length;
    expect(await page.value(`document.querySelectorAll('svg .node').length`)).toBe(boxes);
  });

  it('is built for those who do not see it', async () => {
    const levels = await page.value<readonly number[]>(
      `[...document.querySelectorAll('h1,h2,h3')].map((one) => Number(one.tagName[1]))`,
    );
    expect(levels[0]).toBe(1);
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
    expect(
      await page.value(
        `[...document.querySelectorAll('table')].filter((one) => !one.caption?.textContent).length`,
      ),
    ).toBe(0);
    const unnamed = `[...document.querySelectorAll('svg')].filter((one) => one.getAttribute('aria-hidden') !== 'true' && !one.getAttribute('aria-label')).length`;
    expect(await page.value(unnamed)).toBe(0);
    expect(await page.value(`document.documentElement.lang`)).toBe('en');
    const ids = await page.value<readonly string[]>(
      `[...document.querySelectorAll('[id]')].map((one) => one.id)`,
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('what strangers wrote', () => {
  it('is text: nothing of it runs or becomes an element', async () => {
    const base = PAGES.cluster?.();
    if (!base) throw new Error('no such page');
    const nodes = base.facts.nodes.map((node) => ({ ...node, name: HOSTILE }));
    const findings = base.findings.map((one) => ({
      ...one,
      message: HOSTILE,
      evidence: [HOSTILE],
      remedy: HOSTILE,
      at: HOSTILE,
    }));
    const file = join(folder, 'hostile.html');
    writeFileSync(
      file,
      toHtml({ ...base, findings, facts: { ...base.facts, asked: HOSTILE, nodes } }, RULES),
    );
    const page = await openPage(file);
    try {
      await page.show({ width: 1280, scheme: 'light' });
      expect(await page.value(`document.querySelectorAll('img, iframe, object, link').length`)).toBe(0);
      expect(await page.value(`document.title`)).toContain('Doctor: </script>');
      expect(await page.value(`document.querySelector('h1').textContent`)).toContain('<img src=x');
      expect(await page.value(`document.body.innerText.includes('\\u202e')`)).toBe(false);
      expect(page.complaints).toEqual([]);
      expect(page.requests).toEqual([]);
    } finally {
      await page.close();
    }
  });

  it('could not run if it did: the policy refuses any script but this one', async () => {
    const file = join(folder, 'injected.html');
    const html = toHtml(PAGES.single?.() ?? { facts: never(), checklist: [], findings: [] }, RULES);
    writeFileSync(
      file,
      html.replace(
        '</body>',
        `<script>document.title = 'owned'</script><img src="https://example.com/x.png"></body>`,
      ),
    );
    const page = await openPage(file);
    try {
      await page.show({ width: 1280, scheme: 'light' });
      expect(await page.value(`document.title`)).not.toBe('owned');
      expect(page.complaints.join('\n')).toContain('Content Security Policy');
      expect(await page.value(`document.querySelector('img').naturalWidth`)).toBe(0);
    } finally {
      await page.close();
    }
  });
});

describe('a fix', () => {
  it('is copied by its button', async () => {
    const file = join(folder, 'copy.html');
    const base = PAGES['sentinel-group']?.();
    if (!base) throw new Error('no such page');
    writeFileSync(file, toHtml(base, RULES));
    const page = await openPage(file);
    try {
      await page.show({ width: 1280, scheme: 'light' });
      await page.value(`document.querySelector('.fix button').click()`);
      const said = `new Promise((resolve) => setTimeout(() => resolve(document.querySelector('.fix button').textContent), 200))`;
      const state = await page.value<string>(said);
      expect(['Copied', 'Selected']).toContain(state);
      if (state === 'Selected')
        expect(await page.value(`String(getSelection())`)).toBe('CONFIG SET maxmemory 768mb');
    } finally {
      await page.close();
    }
  });
});

function never(): never {
  throw new Error('no such page');
}

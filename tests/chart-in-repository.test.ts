import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { printedChart } from '../build/print-chart.ts';

it.each(Object.entries(printedChart()))(
  'templates/helm/%s is what the code prints (npm run docs)',
  (path, text) => {
    expect(readFileSync(new URL(`../templates/helm/${path}`, import.meta.url), 'utf8')).toBe(text);
  },
);

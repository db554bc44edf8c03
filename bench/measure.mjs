// Whole processes measured in turn, so that a change of the machine meets both sides.
import { spawnSync } from 'node:child_process';

// A setting of some environments that adds tens of milliseconds to every Node process and hides what is measured.
const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
export const env = rest;

/** @param {string} file @param {readonly string[]} args @param {import('node:child_process').SpawnSyncOptions} options */
export function time(file, args, options) {
  const start = process.hrtime.bigint();
  const result = spawnSync(file, [...args], { stdio: 'ignore', ...options });
  return { ms: Number(process.hrtime.bigint() - start) / 1e6, code: result.status };
}

/** @param {number[]} numbers */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/**
 * Prints the medians of both and the median of the ratios.
 * @param {string} what
 * @param {() => { ms: number }} a
 * @param {() => { ms: number }} b
 * @param {number} times
 */
export function pair(what, a, b, times) {
  a();
  b();
  const samples = Array.from({ length: times }, () => ({ a: a().ms, b: b().ms }));
  const ratio = median(samples.map((s) => s.a / s.b));
  const show = (/** @type {number[]} */ ms) => `${median(ms).toFixed(0)} ms`;
  console.log(
    `${what.padEnd(44)} ${show(samples.map((s) => s.a)).padStart(8)} : ${show(samples.map((s) => s.b)).padStart(8)}   ratio ${ratio.toFixed(2)}`,
  );
}

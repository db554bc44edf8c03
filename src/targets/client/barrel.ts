import type { Pattern } from '../../spec/types.ts';
import { PATTERN_FACTS } from './patterns.ts';

/**
 * index.ts: a module a line. What is always there stands last, so that lines which the user adds below it merge when
 * patterns come and go.
 */
export function barrel(patterns: readonly Pattern[]): string {
  const modules = [...patterns.map((pattern) => PATTERN_FACTS[pattern].module), 'connect-redis', 'core'];
  return modules.map((module) => `export * from './${module}.js';\n`).join('');
}

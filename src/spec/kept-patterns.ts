import { PATTERN_FACTS, type PatternFacts } from '../targets/client/patterns.ts';
import type { Pattern } from './types.ts';

/** True where a full server with this policy drops keys that the pattern cannot do without. */
export function isDropped(pattern: Pattern, eviction: string): boolean {
  const { mustStay }: PatternFacts = PATTERN_FACTS[pattern];
  if (mustStay === undefined || eviction === 'noeviction') return false;
  return mustStay === 'expiring' || !eviction.startsWith('volatile-');
}

export function dropped(patterns: readonly Pattern[], eviction: string): readonly Pattern[] {
  return patterns.filter((pattern) => isDropped(pattern, eviction));
}

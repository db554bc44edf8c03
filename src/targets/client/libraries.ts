import type { ClientLibrary, StackSpec } from '../../spec/types.ts';
import { PATTERN_FACTS, type PatternFacts } from './patterns.ts';

interface LibraryFacts {
  readonly title: string;
  readonly package: string;
  /** Ends the names of the modules that connect with it. */
  readonly suffix: string;
}

/** What the client can speak to Redis with. */
export const LIBRARIES: Readonly<Record<ClientLibrary, LibraryFacts>> = {
  'node-redis': { title: 'node-redis', package: '@redis/client', suffix: '' },
  ioredis: { title: 'ioredis', package: 'ioredis', suffix: '.ioredis' },
};

/** The packages that the client imports, and no other, in the order of their names. */
export function clientPackages({ client }: Pick<StackSpec, 'client'>): readonly string[] {
  const more = client.patterns.flatMap((pattern) => (PATTERN_FACTS[pattern] as PatternFacts).packages ?? []);
  return [...new Set([LIBRARIES[client.library].package, ...more])].sort();
}

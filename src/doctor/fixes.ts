import type { Finding, Fix } from './types.ts';

export type CommandFix = Extract<Fix, { kind: 'command' }>;
export type SpecFix = Extract<Fix, { kind: 'spec' }>;

/** What mends findings, each thing once however many ask for it. */
export interface Mending {
  /** Changes of redis-stack.yaml. Where several findings ask for one path, the worst one's value stands. */
  readonly spec: readonly SpecFix[];
  /** Settings that may be given to servers that serve. */
  readonly live: readonly CommandFix[];
  /** Commands that a person should give, at a time of their choosing. */
  readonly byHand: readonly CommandFix[];
  /** Whether running servers are not what the files of their stack say. */
  readonly drifted: boolean;
}

/** Findings that are mended by bringing servers to their files. */
const DRIFT: ReadonlySet<string> = new Set([
  'differs-from-model',
  'different-settings',
  'log-off-where-promised',
]);

export function mendingOf(findings: readonly Finding[]): Mending {
  const all = findings.flatMap(({ fixes }) => fixes);
  const spec = first(
    all.filter((fix): fix is SpecFix => fix.kind === 'spec'),
    ({ path }) => path,
  );
  const commands = first(
    all.filter((fix): fix is CommandFix => fix.kind === 'command'),
    ({ at, words }) => JSON.stringify([at, settingsOf(words)?.map(([name]) => name) ?? words]),
  );
  const isLive = ({ live, words }: CommandFix) => live && settingsOf(words) !== undefined;
  return {
    spec,
    live: commands.filter(isLive),
    byHand: commands.filter((fix) => !isLive(fix)),
    drifted: findings.some(({ id }) => DRIFT.has(id)),
  };
}

/**
 * Names and values of `CONFIG SET name value [name value ...]`, the one command that is given without a person at hand, since
 * what was there can be put back. Undefined for any other.
 */
export function settingsOf(
  words: readonly string[],
): readonly (readonly [name: string, value: string])[] | undefined {
  const [command = '', verb = '', ...rest] = words;
  const isSet = command.toUpperCase() === 'CONFIG' && verb.toUpperCase() === 'SET';
  if (!isSet || rest.length === 0 || rest.length % 2 !== 0) return undefined;
  return Array.from({ length: rest.length / 2 }, (_, i) => [rest[2 * i] ?? '', rest[2 * i + 1] ?? '']);
}

/** Keys of the spec that take effect on running servers, cost nobody a right and move no data. */
const SAFE_LIVE: ReadonlySet<string> = new Set([
  'memory.eviction',
  'persistence.appendfsync',
  'topology.quorum',
]);

export const isSafeLive = ({ path }: SpecFix): boolean => SAFE_LIVE.has(path);

/** Keys of the spec whose change moves data or servers: `migrate` carries it out on a running stack. */
export const needsMigration = ({ path }: SpecFix): boolean =>
  path.startsWith('engine.') || /^topology\.(kind|shards|replicas)$/.test(path);

function first<T>(all: readonly T[], key: (one: T) => string): readonly T[] {
  const seen = new Set<string>();
  return all.filter((one) => !seen.has(key(one)) && seen.add(key(one)));
}

import fc from 'fast-check';
import { FAMILIES } from '../../src/engines/releases.ts';
import type { SpecInput } from '../../src/spec/schema.ts';
import {
  ALLOWANCES,
  APPENDFSYNC,
  CLIENT_LIBRARIES,
  OPTIONAL_TARGETS,
  PATTERNS,
  PERSISTENCE_MODES,
  WORKLOADS,
} from '../../src/spec/types.ts';

const engine = fc.oneof(
  ...(['redis', 'valkey'] as const).map((name) =>
    fc.record({ name: fc.constant(name), version: fc.constantFrom(...FAMILIES[name].lines) }),
  ),
);

const topology = fc.oneof(
  fc.constant({ kind: 'standalone' as const }),
  fc.record({
    kind: fc.constant('sentinel' as const),
    replicas: fc.integer({ min: 1, max: 4 }),
    sentinels: fc.constantFrom(3, 5, 7),
  }),
  fc.record({
    kind: fc.constant('cluster' as const),
    shards: fc.integer({ min: 3, max: 48 }),
    replicas: fc.integer({ min: 0, max: 4 }),
  }),
);

const EVICTIONS = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'volatile-lru',
  'volatile-ttl',
  'volatile-random',
];

const user = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
  access: fc.constantFrom('readwrite' as const, 'readonly' as const),
  keys: fc.array(fc.stringMatching(/^[a-z0-9:*?~%^{}[\]]{1,30}$/), { minLength: 1, maxLength: 3 }),
});

/** The chart in one of eight: it is many files, and they would take most of the time. */
const targets = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...OPTIONAL_TARGETS)), fc.nat(6))
  .map(([chosen, n]) => (n === 6 ? chosen : chosen.filter((id) => id !== 'helm')));

/** Specs in the user's own terms, most of them acceptable, some refused by the rules. */
export const anySpec: fc.Arbitrary<SpecInput> = fc.record(
  {
    engine,
    workload: fc.uniqueArray(fc.constantFrom(...WORKLOADS), { minLength: 1, maxLength: 3 }),
    topology,
    memory: fc.record(
      {
        limit: fc.constantFrom('64Mi', '512Mi', '1Gi', '3gb', '48Gi'),
        eviction: fc.constantFrom(...EVICTIONS),
      },
      { requiredKeys: [] },
    ),
    persistence: fc.record(
      { mode: fc.constantFrom(...PERSISTENCE_MODES), appendfsync: fc.constantFrom(...APPENDFSYNC) },
      { requiredKeys: [] },
    ),
    security: fc.record(
      {
        tls: fc.boolean(),
        users: fc.array(user, { maxLength: 2 }),
        allow: fc.uniqueArray(fc.constantFrom(...ALLOWANCES), { minLength: 1 }),
      },
      { requiredKeys: [] },
    ),
    network: fc.record({ port: fc.integer({ min: 1024, max: 40_000 }) }),
    client: fc.record(
      {
        library: fc.constantFrom(...CLIENT_LIBRARIES),
        patterns: fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 5 }),
      },
      { requiredKeys: [] },
    ),
    targets,
    accept: fc.constantFrom([], ['persistence/replicas-without-persistence']),
  },
  { requiredKeys: [] },
);

/** What somebody might type to break a file: newlines, quotes, templates, shell, YAML, unicode, length. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'a\nb',
    'a\r\nuser evil on nopass ~* +@all',
    '"',
    "'",
    '`id`',
    '$(id)',
    '$'.concat('{HOME}'),
    '{{name}}',
    '{{{x}}}',
    '<%= x %>',
    '# comment',
    'a: b',
    '- a',
    '&anchor',
    '*alias',
    '!!js/function x',
    '../../etc/passwd',
    '/etc/passwd',
    '\u0000',
    '\u001b[2J',
    '\u2028',
    '名前',
    'x'.repeat(300),
    'yes',
    'valueOf',
    '__proto__',
    'constructor',
    'null',
    '0x10',
    '1e3',
    ' ',
    '',
    '%n',
    '-rf',
    '~',
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

import { evictionPolicies } from '../engines/catalogue.ts';
import { resolveEngine } from '../engines/releases.ts';
import { humanBytes, MIB, parseBytes } from '../model/bytes.ts';
import { memoryModel } from '../model/memory.ts';
import { RESERVED_USERS } from '../model/users.ts';
import { suggestion } from '../nearest.ts';
import { type Problem, problem } from '../problem.ts';
import { topology } from '../topologies/registry.ts';
import { OUTGROWS_ONE_NODE } from './defaults.ts';
import type { StackSpec, Workload } from './types.ts';

/** Do these answers go together? Each rule looks at a complete spec and gives the problems it sees. */
type Rule = (spec: StackSpec) => readonly Problem[];

const warn = (code: string, at: string, message: string, remedy: string): Problem => ({
  ...problem(code, at, message, remedy),
  severity: 'warning',
});

const replicated = (spec: StackSpec): boolean =>
  spec.topology.kind !== 'standalone' && spec.topology.replicas > 0;

const MUST_STAY: readonly Workload[] = ['queue', 'primary-data', 'rate-limiting'];

const engineIsKnown: Rule = (spec) => {
  const engine = resolveEngine(spec.engine.name, spec.engine.version);
  return engine.ok ? engine.notes : engine.problems;
};

const topologyHolds: Rule = (spec) => topology(spec.topology.kind).problems(spec);

const replicasNeedPersistence: Rule = (spec) => {
  if (!replicated(spec) || spec.persistence.mode !== 'none') return [];
  return [
    problem(
      'persistence/replicas-without-persistence',
      'persistence.mode',
      'A primary without persistence that restarts comes back empty, and its replicas copy the emptiness.',
      'Use persistence.mode rdb (little cost), or add this code to `accept`: containers then never restart by themselves.',
    ),
  ];
};

const evictionIsKnown: Rule = (spec) => {
  const policies = evictionPolicies(spec.engine);
  if (policies.length === 0 || policies.includes(spec.memory.eviction)) return [];
  return [
    problem(
      'memory/unknown-eviction',
      'memory.eviction',
      `${spec.engine.name} ${spec.engine.version} has no policy '${spec.memory.eviction.slice(0, 60)}'.`,
      suggestion(spec.memory.eviction, policies),
    ),
  ];
};

const evictionSuitsWorkload: Rule = (spec) => {
  const { eviction } = spec.memory;
  const kept = spec.workload.filter((w) => MUST_STAY.includes(w));
  if (kept.length === 0 || eviction === 'noeviction') return [];
  const what = kept.join(' and ');
  if (eviction.startsWith('allkeys-')) {
    return [
      problem(
        'memory/evicts-what-must-stay',
        'memory.eviction',
        `${eviction} silently drops keys of ${what} when memory is full.`,
        'Use noeviction, or a volatile- policy if only keys with a TTL may go, or run the cache as a stack of its own.',
      ),
    ];
  }
  return [
    warn(
      'memory/evicts-with-ttl',
      'memory.eviction',
      `${eviction} drops keys with a TTL when memory is full; keys of ${what} must have none.`,
      'Keep what must stay free of TTLs (job libraries usually ask for noeviction), or run the cache as a stack of its own.',
    ),
  ];
};

const volatileNeedsTtl: Rule = (spec) => {
  const mayExpire = spec.workload.some((w) => w === 'cache' || w === 'sessions' || w === 'rate-limiting');
  if (!spec.memory.eviction.startsWith('volatile-') || mayExpire) return [];
  return [
    warn(
      'memory/volatile-without-ttl',
      'memory.eviction',
      `${spec.memory.eviction} only drops keys that have a TTL, and ${spec.workload.join(' and ')} usually has none: a full server refuses writes.`,
      'Say noeviction, which behaves the same and says so.',
    ),
  ];
};

const cacheMayBeFull: Rule = (spec) => {
  if (spec.memory.eviction !== 'noeviction' || !spec.workload.includes('cache')) return [];
  return [
    warn(
      'memory/cache-never-evicts',
      'memory.eviction',
      'A full cache refuses new entries under noeviction.',
      spec.workload.length === 1
        ? 'Use allkeys-lfu.'
        : 'Use volatile-lru, or run the cache as a stack of its own.',
    ),
  ];
};

const pureCacheNeedsNoAof: Rule = (spec) => {
  const aof = spec.persistence.mode === 'aof' || spec.persistence.mode === 'hybrid';
  if (!aof || !spec.workload.every((w) => w === 'cache')) return [];
  return [
    warn(
      'persistence/aof-on-cache',
      'persistence.mode',
      'Every write of a cache goes to the disk as well, doubles the memory needed for forks, and a broken log stops the start.',
      'Use rdb for a warm restart, or none for a standalone cache.',
    ),
  ];
};

const memoryFits: Rule = (spec) => {
  const limit = parseBytes(spec.memory.limit) ?? 0;
  if (limit < 64 * MIB || limit > 2 ** 44) {
    return [
      problem(
        'memory/limit-out-of-range',
        'memory.limit',
        `A container of ${humanBytes(limit)} is not a place for a server.`,
        'Use 64Mi to 16Ti.',
      ),
    ];
  }
  const memory = memoryModel(spec, replicated(spec));
  const needed = memory.parts.filter((p) => p.label !== 'left over').reduce((sum, p) => sum + p.bytes, 0);
  const said = `maxmemory ${humanBytes(memory.maxmemoryBytes)} needs ${humanBytes(memory.floorBytes)} with fragmentation and buffers`;
  if (memory.floorBytes > limit) {
    return [
      problem(
        'memory/too-close',
        'memory.maxmemory',
        `${said}, and the limit is ${humanBytes(limit)}: the kernel kills the server before it evicts.`,
        'Lower memory.maxmemory, raise memory.limit, or say auto.',
      ),
    ];
  }
  if (needed > limit) {
    return [
      warn(
        'memory/no-room-for-fork',
        'memory.maxmemory',
        `${said}, and ${humanBytes(needed)} while a snapshot, rewrite or resync runs; the limit is ${humanBytes(limit)}.`,
        'Lower memory.maxmemory, raise memory.limit, or say auto.',
      ),
    ];
  }
  return [];
};

const oneNodeIsEnough: Rule = (spec) => {
  const limit = parseBytes(spec.memory.limit) ?? 0;
  if (spec.topology.kind === 'cluster' || limit <= OUTGROWS_ONE_NODE) return [];
  return [
    warn(
      'memory/outgrows-one-node',
      'memory.limit',
      `A node of ${humanBytes(limit)} forks, resynchronises and restarts slowly.`,
      'Choose cluster, with three or more smaller primaries.',
    ),
  ];
};

const clusterHasOneDatabase: Rule = (spec) =>
  spec.topology.kind === 'cluster' && spec.databases > 1
    ? [
        problem(
          'topology/databases-on-cluster',
          'databases',
          `A cluster has database 0 only, and ${spec.databases} are asked for.`,
          'Set databases to 1 and separate keys by prefix.',
        ),
      ]
    : [];

const usersAreDistinct: Rule = (spec) => {
  const names = spec.security.users.map((u) => u.name);
  return spec.security.users.flatMap(({ name }, i) => {
    const at = `security.users.${i}.name`;
    if ((RESERVED_USERS as readonly string[]).includes(name))
      return [
        problem(
          'security/reserved-user',
          at,
          `'${name}' is a user of the stack itself.`,
          'Choose another name.',
        ),
      ];
    const twin = names.findIndex((other) => other.replaceAll('-', '_') === name.replaceAll('-', '_'));
    return twin < i
      ? [
          problem(
            'security/duplicate-user',
            at,
            `'${name}' is there twice.`,
            'Give each user a name of its own.',
          ),
        ]
      : [];
  });
};

const tlsIsNotThere: Rule = (spec) =>
  spec.security.tls
    ? [
        problem(
          'security/no-tls-yet',
          'security.tls',
          'This release writes stacks without TLS only.',
          'Leave security.tls out, and keep the stack in a private network.',
        ),
      ]
    : [];

const rules: readonly Rule[] = [
  engineIsKnown,
  topologyHolds,
  replicasNeedPersistence,
  evictionIsKnown,
  evictionSuitsWorkload,
  volatileNeedsTtl,
  cacheMayBeFull,
  pureCacheNeedsNoAof,
  memoryFits,
  oneNodeIsEnough,
  clusterHasOneDatabase,
  usersAreDistinct,
  tlsIsNotThere,
];

/** Refusals that are a matter of judgement, not of what works: only these can be accepted. */
export const ACCEPTABLE: readonly string[] = [
  'persistence/replicas-without-persistence',
  'memory/evicts-what-must-stay',
  'memory/too-close',
  'topology/few-sentinels',
  'topology/quorum-below-majority',
];

/** Everything that is wrong or risky; refusals that the user accepted come back as warnings. */
export function checkRules(spec: StackSpec): readonly Problem[] {
  const found = rules.flatMap((rule) => rule(spec));
  const unknown = spec.accept.filter((code) => !ACCEPTABLE.includes(code)).map(unknownCode);
  return [
    ...found.map((p) => (spec.accept.includes(p.code) ? { ...p, severity: 'warning' as const } : p)),
    ...unknown,
  ];
}

function unknownCode(code: string): Problem {
  return problem(
    'spec/unknown-accept',
    'accept',
    `'${code.slice(0, 60)}' is not a refusal that can be accepted.`,
    suggestion(code, ACCEPTABLE),
  );
}

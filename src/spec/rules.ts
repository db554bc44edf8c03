import { resolveEngine } from '../engines/releases.ts';
import { RESERVED_USERS } from '../model/users.ts';
import { suggestion } from '../nearest.ts';
import { type Problem, problem, warning } from '../problem.ts';
import { topology } from '../topologies/registry.ts';
import { isReplicated, type Rule } from './rule.ts';
import { memoryRules } from './rules-memory.ts';
import type { StackSpec } from './types.ts';

const engineIsKnown: Rule = (spec) => {
  const engine = resolveEngine(spec.engine.name, spec.engine.version);
  return engine.ok ? engine.notes : engine.problems;
};

const topologyHolds: Rule = (spec) => topology(spec.topology.kind).problems(spec);

const replicasNeedPersistence: Rule = (spec) => {
  if (!isReplicated(spec) || spec.persistence.mode !== 'none') return [];
  return [
    problem(
      'persistence/replicas-without-persistence',
      'persistence.mode',
      'A primary without persistence that restarts comes back empty, and its replicas copy the emptiness.',
      'Use persistence.mode rdb (little cost), or add this code to `accept`: containers then never restart by themselves.',
    ),
  ];
};

const pureCacheNeedsNoAof: Rule = (spec) => {
  const aof = spec.persistence.mode === 'aof' || spec.persistence.mode === 'hybrid';
  if (!aof || !spec.workload.every((w) => w === 'cache')) return [];
  return [
    warning(
      'persistence/aof-on-cache',
      'persistence.mode',
      'Every write of a cache goes to the disk as well, doubles the memory needed for forks, and a broken log stops the start.',
      'Use rdb for a warm restart, or none for a standalone cache.',
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

const bucketSettingsNeedABucket: Rule = ({ backup }) => {
  if (backup?.to !== 'folder') return [];
  return (['endpoint', 'region'] as const)
    .filter((key) => backup[key] !== '')
    .map((key) =>
      problem(
        'backup/no-bucket',
        `backup.${key}`,
        'Backups go to a folder, which has none.',
        'Set backup.to to s3://bucket/prefix, or remove it.',
      ),
    );
};

const configShowsPasswords: Rule = (spec) => {
  const asked = [
    { at: 'security.allow', allow: spec.security.allow },
    ...spec.security.users.map(({ allow }, i) => ({ at: `security.users.${i}.allow`, allow })),
  ];
  return asked
    .filter(({ allow }) => allow?.includes('config'))
    .map(({ at }) =>
      warning(
        'security/config-shows-passwords',
        at,
        'CONFIG shows and changes every setting, also the password of the replicas, and with it all data.',
        'Leave it out, and change settings in redis-stack.yaml with `update --live`.',
      ),
    );
};

const rules: readonly Rule[] = [
  engineIsKnown,
  topologyHolds,
  replicasNeedPersistence,
  ...memoryRules,
  pureCacheNeedsNoAof,
  clusterHasOneDatabase,
  usersAreDistinct,
  configShowsPasswords,
  bucketSettingsNeedABucket,
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

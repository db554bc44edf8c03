import { topology } from '../topologies/registry.ts';
import type { TopologySettings } from '../topologies/types.ts';
import * as d from './defaults.ts';
import type { SpecInput } from './schema.ts';
import { DEFAULT_TARGETS, type Decision, PATTERNS, type StackSpec } from './types.ts';

export interface Completed {
  readonly spec: StackSpec;
  readonly decided: readonly Decision[];
}

const AUTO = { value: 'auto', why: 'computed from the limit: see the arithmetic in redis.conf' } as const;

/** Fills in what was left out; each default follows from what was given before it. `name` is the directory's. */
export function completeSpec(input: SpecInput, name: string): Completed {
  const decisions = new d.Decisions();
  const take = decisions.take.bind(decisions);
  const stackName = input.name ?? name;
  const engine = take('engine.name', input.engine?.name, () => ({
    value: 'redis' as const,
    why: 'the most widely used',
  }));
  const version = take('engine.version', input.engine?.version, () => d.defaultVersion(engine));
  const workload = take('workload', input.workload, () => ({
    ...d.DEFAULT_WORKLOAD,
    value: ['cache' as const],
  }));
  const kind = take('topology.kind', input.topology?.kind, () =>
    d.defaultTopology(workload, input.memory?.limit),
  );
  const settings: TopologySettings = { ...input.topology, kind };
  const spec: StackSpec = {
    name: stackName,
    engine: { name: engine, version },
    workload: [...new Set(workload)],
    topology: topology(kind).complete(settings, decisions),
    memory: completeMemory(input, workload, decisions),
    persistence: {
      mode: take('persistence.mode', input.persistence?.mode, () => d.defaultPersistence(workload)),
      appendfsync: take('persistence.appendfsync', input.persistence?.appendfsync, d.defaultFsync),
    },
    databases: take('databases', input.databases, () => ({
      value: 1,
      why: 'prefixes separate better, and a cluster has one',
    })),
    ...(input.backup ? { backup: completeBackup(input.backup, decisions) } : {}),
    security: {
      tls: input.security?.tls ?? false,
      users: (input.security?.users ?? []).map(completeUser),
      ...(input.security?.allow ? { allow: input.security.allow } : {}),
    },
    network: {
      port: take('network.port', input.network?.port, () => d.defaultPort(kind)),
      subnet: take('network.subnet', input.network?.subnet, () => d.defaultSubnet(stackName)),
    },
    client: completeClient(input, workload, decisions),
    targets: take('targets', input.targets, () => ({
      value: [...DEFAULT_TARGETS],
      why: 'all that a stack needs; monitoring is added by name',
    })),
    accept: input.accept ?? [],
  };
  return { spec, decided: decisions.taken };
}

function completeBackup(
  backup: NonNullable<SpecInput['backup']>,
  decisions: d.Decisions,
): NonNullable<StackSpec['backup']> {
  const take = decisions.take.bind(decisions);
  return {
    every: take('backup.every', backup.every, () => d.defaultBackup.every),
    keep: take('backup.keep', backup.keep, () => d.defaultBackup.keep),
    to: take('backup.to', backup.to, () => d.defaultBackup.to),
    endpoint: backup.endpoint ?? '',
    region: backup.region ?? '',
  };
}

function completeMemory(
  input: SpecInput,
  workload: StackSpec['workload'],
  decisions: d.Decisions,
): StackSpec['memory'] {
  const take = decisions.take.bind(decisions);
  return {
    limit: take('memory.limit', input.memory?.limit, () => d.defaultLimit),
    maxmemory: take('memory.maxmemory', input.memory?.maxmemory, () => AUTO),
    eviction: take('memory.eviction', input.memory?.eviction, () =>
      d.defaultEviction(workload, input.client?.patterns ?? []),
    ),
  };
}

function completeClient(
  input: SpecInput,
  workload: StackSpec['workload'],
  decisions: d.Decisions,
): StackSpec['client'] {
  const take = decisions.take.bind(decisions);
  const library = take('client.library', input.client?.library, d.defaultLibrary);
  const patterns = take('client.patterns', input.client?.patterns, () =>
    d.defaultPatterns(workload, input.memory?.eviction),
  );
  // In the order of the registry, each once: what is written does not depend on how they were listed.
  return { library, patterns: PATTERNS.filter((pattern) => patterns.includes(pattern)) };
}

function completeUser(
  user: NonNullable<NonNullable<SpecInput['security']>['users']>[number],
): StackSpec['security']['users'][number] {
  return {
    name: user.name,
    access: user.access ?? 'readwrite',
    keys: user.keys ?? ['*'],
    ...(user.allow ? { allow: user.allow } : {}),
  };
}

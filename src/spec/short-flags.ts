/** Short flags and the spec key each one sets. `engine` takes `name` or `name:line`. */
export const SHORT_FLAGS = {
  name: 'name',
  engine: 'engine.name',
  workload: 'workload',
  topology: 'topology.kind',
  shards: 'topology.shards',
  replicas: 'topology.replicas',
  memory: 'memory.limit',
  persistence: 'persistence.mode',
  eviction: 'memory.eviction',
  tls: 'security.tls',
  patterns: 'client.patterns',
  library: 'client.library',
  targets: 'targets',
  port: 'network.port',
} as const;

/** Those that stand alone: `--tls` and `--no-tls`. */
export const SWITCHES: readonly ShortFlag[] = ['tls'];

export type ShortFlag = keyof typeof SHORT_FLAGS;

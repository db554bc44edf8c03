import { dataNodes, sentinelNodes } from '../../model/build.ts';
import type { StackModel } from '../../model/types.ts';
import type { AlertFacts, Clock, Commands } from './rules/types.ts';

/** The server's own default; nothing here sets another. */
const MAX_CLIENTS = 10_000;

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
] as const;

/** `5m`, `90s`, `2h`: a duration as Prometheus writes it. */
export function duration(seconds: number): string {
  const unit = UNITS.find(([size]) => seconds >= size && seconds % size === 0);
  return unit ? `${seconds / unit[0]}${unit[1]}` : `${seconds}s`;
}

/** Times as they are written in the rules. */
export const REAL_TIME: Clock = { lasts: duration, window: duration, age: (seconds) => seconds };

/** What is typed beside `compose.yaml`. */
export function composeCommands(model: StackModel): Commands {
  const tls = model.spec.security.tls ? ' --tls --cacert .secrets/tls/ca.crt' : '';
  return {
    status: 'npx create-redis-stack status',
    logs: 'docker compose logs --tail 50 <node>',
    start: 'npx create-redis-stack up',
    cli: `REDISCLI_AUTH=$(head -n 1 .secrets/admin) ${model.engine.cli} --user admin${tls} -h 127.0.0.1 -p <port>`,
    exporterLogs: 'docker compose --profile monitoring logs exporter-<node>',
    restartExporter: 'docker compose --profile monitoring up -d --force-recreate exporter-<node>',
  };
}

/** What the rules expect of this stack. */
export function alertFacts(
  model: StackModel,
  clock: Clock = REAL_TIME,
  commands: Commands = composeCommands(model),
): AlertFacts {
  const { spec } = model;
  const data = dataNodes(model.nodes);
  const shards = new Set(data.map((node) => node.shard)).size;
  const sentinels = sentinelNodes(model.nodes).length;
  const { mode } = spec.persistence;
  const of = (kind: string) => (metric: string, more?: string) =>
    `${metric}{stack="${spec.name}",kind="${kind}"${more ? `,${more}` : ''}}`;
  return {
    stack: spec.name,
    shards,
    replicasPerShard: data.length / shards - 1,
    dataNodes: data.length,
    sentinels,
    sentinelMajority: Math.max(Math.floor(sentinels / 2) + 1, model.sentinel?.quorum ?? 0),
    slots: model.joins,
    policy: spec.memory.eviction,
    limitBytes: model.memory.limitBytes,
    backlogBytes: model.memory.backlogBytes,
    snapshots: mode === 'rdb' || mode === 'hybrid',
    appendOnly: mode === 'aof' || mode === 'hybrid',
    tls: spec.security.tls,
    maxClients: MAX_CLIENTS,
    clock,
    commands,
    data: of('data'),
    sentinel: of('sentinel'),
  };
}

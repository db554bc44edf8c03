import { dataNodes, sentinelNodes } from './build.ts';
import type { StackModel, StackNode } from './types.ts';

/** Where a container finds its certificates: the names of its secrets, the same on every node. */
export const TLS_SECRETS = { ca: 'tls-ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const;

/** Whom to trust, for everything in a container that calls a server; nothing where the stack does not speak TLS. */
export function trustEnvironment(model: StackModel): Readonly<Record<string, string>> {
  return model.spec.security.tls ? { STACK_TLS_CA: `/run/secrets/${TLS_SECRETS.ca}` } : {};
}

function tlsEnvironment(model: StackModel): Readonly<Record<string, string>> {
  if (!model.spec.security.tls) return {};
  return {
    ...trustEnvironment(model),
    STACK_TLS_CERT: `/run/secrets/${TLS_SECRETS.certificate}`,
    STACK_TLS_KEY: `/run/secrets/${TLS_SECRETS.key}`,
  };
}

const at = (node: StackNode): string => `${node.ip}:${node.port}`;

const onBus = (node: StackNode): string => (node.busPort ? `${at(node)}@${node.busPort}` : at(node));

const named = (node: StackNode): string => `${node.name}=${onBus(node)}`;

/** What `start-node.sh` is told about a node; the same in a container and as a plain process. */
export function nodeEnvironment(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  return {
    STACK_KIND: node.role === 'sentinel' ? 'sentinel' : 'data',
    STACK_SERVER: model.engine.server,
    STACK_CLI: model.engine.cli,
    STACK_PORT: String(node.port),
    STACK_ADDRESS: node.ip,
    ...(node.hostname ? { STACK_HOSTNAME: node.hostname } : {}),
    ...(node.busPort ? { STACK_BUS_PORT: String(node.busPort) } : {}),
    ...(model.nodes.length > 1 ? { STACK_NODES: model.nodes.map(named).join(' ') } : {}),
    ...(model.sentinel ? watched(model, node) : {}),
    ...tlsEnvironment(model),
  };
}

function watched(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  const data = dataNodes(model.nodes);
  const primary = data.find((n) => n.role === 'primary');
  if (!primary) throw new Error('a watched stack has a primary');
  const common = { STACK_PRIMARY: at(primary) };
  if (node.role === 'sentinel') return { ...common, STACK_REPLICAS: String(data.length - 1) };
  return {
    ...common,
    STACK_PEERS: data
      .filter((n) => n !== node)
      .map(at)
      .join(' '),
    STACK_SENTINELS: sentinelNodes(model.nodes).map(at).join(' '),
  };
}

/** What `backup.sh` is told; where it writes to is up to who runs it. */
export function backupEnvironment(model: StackModel): Readonly<Record<string, string>> {
  const { spec, backup, engine } = model;
  return {
    STACK_NAME: spec.name,
    STACK_ENGINE: engine.name,
    STACK_TOPOLOGY: spec.topology.kind,
    STACK_CLI: engine.cli,
    STACK_BACKUP_FROM: dataNodes(model.nodes).map(at).join(' '),
    STACK_BACKUP_KEEP: String(backup.keep),
    STACK_BACKUP_EVERY: String(backup.everySeconds),
  };
}

/** What `form-cluster.sh` is told: one word a shard, its nodes joined by commas. */
export function joinEnvironment(model: StackModel): Readonly<Record<string, string>> {
  const shards = [...new Set(model.nodes.map((node) => node.shard))];
  const word = (shard: number) =>
    model.nodes
      .filter((node) => node.shard === shard)
      .map((node) => onBus(node))
      .join(',');
  return { STACK_CLI: model.engine.cli, STACK_SHARDS: shards.map(word).join(' ') };
}

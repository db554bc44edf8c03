import { dataNodes, sentinelNodes } from '../../model/build.ts';
import { GIB, MIB } from '../../model/bytes.ts';
import { joinEnvironment, nodeEnvironment, trustEnvironment } from '../../model/environment.ts';
import type { AclUser, StackModel, StackNode } from '../../model/types.ts';
import { confined, ENGINE_ID, ENGINE_USER, SCRIPTS, type Service } from './confined.ts';
import { nodeTlsSecrets, tlsSecretFiles, trustSecrets } from './tls.ts';

/** A Compose project as data. `extends` names the shared block that a service starts from. */
export interface ComposeProject {
  readonly shared: Readonly<Record<string, Service>>;
  readonly services: readonly { readonly name: string; readonly from?: string; readonly service: Service }[];
  readonly rest: Service;
}

/** There while the cluster is whole. */
const FORMED = '/tmp/formed';

/** Memory of a process that holds no data. */
const SMALL = '128m';

/** A Sentinel has nothing to save and ends at once. */
const WATCHER_GRACE_SECONDS = 10;

/** Threads and processes of a server, of its fork and of the checks; a runaway ends there. */
const PROCESSES = 256;

export function composeProject(model: StackModel): ComposeProject {
  const hasSentinels = model.sentinel !== undefined;
  return {
    shared: {
      'x-node': sharedNode(model, size(model.memory.limitBytes), model.stopGraceSeconds),
      ...(hasSentinels ? { 'x-sentinel': sharedNode(model, SMALL, WATCHER_GRACE_SECONDS) } : {}),
    },
    services: [
      ...dataNodes(model.nodes).map((node) => ({
        name: node.name,
        from: 'x-node',
        service: nodeService(model, node),
      })),
      ...sentinelNodes(model.nodes).map((node) => ({
        name: node.name,
        from: 'x-sentinel',
        service: nodeService(model, node),
      })),
      ...(model.joins ? [{ name: 'form-cluster', from: 'x-node', service: joinService(model) }] : []),
    ],
    rest: {
      networks: { stack: { ipam: { config: [{ subnet: model.spec.network.subnet }] } } },
      volumes: Object.fromEntries(model.nodes.map((node) => [node.name, null])),
      secrets: {
        ...Object.fromEntries(allUsers(model).map((name) => [name, { file: `./.secrets/${name}` }])),
        ...tlsSecretFiles(model),
      },
    },
  };
}

function allUsers(model: StackModel): readonly string[] {
  return [...new Set([...model.users, ...(model.sentinel?.users ?? [])].map((user) => user.name))];
}

function sharedNode(model: StackModel, memory: string, graceSeconds: number): Service {
  return {
    image: model.engine.image,
    entrypoint: ['sh', `${SCRIPTS}/start-node.sh`],
    init: false,
    ...confined({ user: ENGINE_USER, memory, processes: PROCESSES }),
    tmpfs: [`/run/stack:uid=${ENGINE_ID},gid=${ENGINE_ID},mode=0700`, '/tmp'],
    sysctls: { 'net.core.somaxconn': 1024 },
    restart: model.persistent ? 'unless-stopped' : 'no',
    stop_grace_period: `${graceSeconds}s`,
    healthcheck: {
      test: ['CMD', 'sh', `${SCRIPTS}/health.sh`],
      interval: '5s',
      timeout: '5s',
      retries: 6,
      start_period: '60s',
    },
  };
}

function nodeService(model: StackModel, node: StackNode): Service {
  const users: readonly AclUser[] = node.role === 'sentinel' ? (model.sentinel?.users ?? []) : model.users;
  return {
    hostname: node.name,
    environment: { ...nodeEnvironment(model, node), ...handsOver(model, node) },
    volumes: ['./conf:/stack:ro', `${node.name}:/data`],
    secrets: [...users.map((user) => user.name), ...nodeTlsSecrets(model, node)],
    ports: [`127.0.0.1:${node.port}:${node.port}`],
    networks: { stack: { ipv4_address: node.ip } },
    ...(node.role === 'sentinel' ? { depends_on: started(dataNodes(model.nodes)) } : {}),
  };
}

/** A node that may be a primary when it is stopped. */
function handsOver(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  if (model.handoverSeconds === 0 || node.role === 'sentinel') return {};
  return { STACK_ON_STOP: 'handover', STACK_HANDOVER_SECONDS: String(model.handoverSeconds) };
}

/**
 * Started, not healthy: a data node that comes back asks the Sentinels before it serves. When all is stopped, these end
 * first, so that nothing fails over meanwhile.
 */
function started(nodes: readonly StackNode[]) {
  return Object.fromEntries(nodes.map((node) => [node.name, { condition: 'service_started' }]));
}

/** Joins the nodes once they answer, and stays to heal; it is healthy while the cluster is. */
function joinService(model: StackModel): Service {
  return {
    entrypoint: ['sh', `${SCRIPTS}/form-cluster.sh`],
    environment: { ...joinEnvironment(model), ...trustEnvironment(model), STACK_STAY: FORMED },
    // The image declares a volume there, which nobody would remove.
    tmpfs: ['/tmp', '/data'],
    mem_limit: SMALL,
    memswap_limit: SMALL,
    restart: model.persistent ? 'unless-stopped' : 'on-failure',
    stop_grace_period: `${WATCHER_GRACE_SECONDS}s`,
    healthcheck: { test: ['CMD', 'test', '-e', FORMED], interval: '5s', timeout: '5s', retries: 12 },
    depends_on: started(model.nodes),
    volumes: ['./conf:/stack:ro'],
    secrets: ['admin', ...trustSecrets(model)],
    networks: ['stack'],
  };
}

/** Compose's own units, where `g` and `m` are powers of 1024. */
function size(bytes: number): string {
  if (bytes % GIB === 0) return `${bytes / GIB}g`;
  return bytes % MIB === 0 ? `${bytes / MIB}m` : `${bytes}b`;
}

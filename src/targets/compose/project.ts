import { dataNodes, sentinelNodes } from '../../model/build.ts';
import { GIB, MIB } from '../../model/bytes.ts';
import { joinEnvironment, nodeEnvironment } from '../../model/environment.ts';
import type { AclUser, StackModel, StackNode } from '../../model/types.ts';

type Service = Readonly<Record<string, unknown>>;

/** A Compose project as data. `extends` names the shared block that a service starts from. */
export interface ComposeProject {
  readonly shared: Readonly<Record<string, Service>>;
  readonly services: readonly { readonly name: string; readonly from: string; readonly service: Service }[];
  readonly rest: Service;
}

/** The user of the official Debian and Alpine images of both engines. */
const UID = '999';
const SCRIPTS = '/stack/scripts';

/** Memory of a process that holds no data. */
const SMALL = '128m';

export function composeProject(model: StackModel): ComposeProject {
  const hasSentinels = model.sentinel !== undefined;
  return {
    shared: {
      'x-node': sharedNode(model, `${size(model.memory.limitBytes)}`),
      ...(hasSentinels ? { 'x-sentinel': sharedNode(model, SMALL) } : {}),
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
      secrets: Object.fromEntries(allUsers(model).map((name) => [name, { file: `./.secrets/${name}` }])),
    },
  };
}

function allUsers(model: StackModel): readonly string[] {
  return [...new Set([...model.users, ...(model.sentinel?.users ?? [])].map((user) => user.name))];
}

function sharedNode(model: StackModel, memory: string): Service {
  return {
    image: model.engine.image,
    entrypoint: ['sh', `${SCRIPTS}/start-node.sh`],
    user: `${UID}:${UID}`,
    read_only: true,
    tmpfs: [`/run/stack:uid=${UID},gid=${UID},mode=0700`, '/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: memory,
    memswap_limit: memory,
    restart: model.persistent ? 'unless-stopped' : 'no',
    stop_grace_period: `${model.stopGraceSeconds}s`,
    healthcheck: {
      test: ['CMD', 'sh', `${SCRIPTS}/health.sh`],
      interval: '5s',
      timeout: '5s',
      retries: 6,
      start_period: '60s',
      start_interval: '1s',
    },
  };
}

function nodeService(model: StackModel, node: StackNode): Service {
  const users: readonly AclUser[] = node.role === 'sentinel' ? (model.sentinel?.users ?? []) : model.users;
  return {
    hostname: node.name,
    environment: nodeEnvironment(model, node),
    volumes: ['./conf:/stack:ro', `${node.name}:/data`],
    secrets: users.map((user) => user.name),
    ports: [`127.0.0.1:${node.port}:${node.port}`],
    networks: { stack: { ipv4_address: node.ip } },
  };
}

/** Joins the nodes once they answer, and ends; running it again only heals. */
function joinService(model: StackModel): Service {
  return {
    entrypoint: ['sh', `${SCRIPTS}/form-cluster.sh`],
    environment: joinEnvironment(model),
    mem_limit: SMALL,
    memswap_limit: SMALL,
    restart: 'on-failure',
    healthcheck: { disable: true },
    depends_on: Object.fromEntries(model.nodes.map((node) => [node.name, { condition: 'service_healthy' }])),
    volumes: ['./conf:/stack:ro'],
    secrets: ['admin'],
    networks: ['stack'],
  };
}

/** Compose's own units, where `g` and `m` are powers of 1024. */
function size(bytes: number): string {
  if (bytes % GIB === 0) return `${bytes / GIB}g`;
  return bytes % MIB === 0 ? `${bytes / MIB}m` : `${bytes}b`;
}

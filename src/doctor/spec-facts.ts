import { READ_AT_SECONDS } from '../engines/support.ts';
import { dataNodes, sentinelNodes } from '../model/build.ts';
import type { AclUser, Address, Directive, StackModel, StackNode } from '../model/types.ts';
import type { ClusterFacts, ClusterNode, Facts, NodeFacts, SentinelFacts, UserFacts } from './facts.ts';

/** What a model decides, as facts: nothing runs yet, so what only servers know is undefined. */
export function factsOfSpec(model: StackModel, atSeconds: number = READ_AT_SECONDS): Facts {
  return {
    source: 'spec',
    asked: model.spec.name,
    nodes: dataNodes(model.nodes).map((node) => nodeFacts(model, node)),
    sentinels: sentinelNodes(model.nodes).map((node) => sentinelFacts(model, node)),
    model,
    unseen: [],
    silent: [],
    atSeconds,
    commandsSent: 0,
  };
}

const addressOf = ({ ip, port }: StackNode): Address => ({ host: ip, port });

/** Of the engine only the line is decided: its image brings the newest release of it. */
const softwareOf = ({ engine: { name, title, version } }: StackModel) => ({ name, title, version });

function nodeFacts(model: StackModel, node: StackNode): NodeFacts {
  return {
    at: addressOf(node),
    name: node.name,
    role: node.role === 'primary' ? 'primary' : 'replica',
    tls: model.spec.security.tls,
    software: softwareOf(model),
    info: undefined,
    perSecond: undefined,
    settings: settingsOf(model, node),
    commands: undefined,
    slow: undefined,
    latency: undefined,
    clients: undefined,
    users: [DEFAULT_OFF, ...model.users.map(userFacts)],
    cluster: model.joins ? clusterFacts(model, node) : undefined,
    modules: undefined,
    keys: undefined,
    machine: { limitBytes: model.memory.limitBytes, limitIs: 'container' },
  };
}

/** The directives that all nodes share, and what each adds when it starts. */
function settingsOf(model: StackModel, node: StackNode): Readonly<Record<string, string>> {
  const port = String(node.port);
  const { tls } = model.spec.security;
  const replicated = model.nodes.some(({ role }) => role === 'replica');
  const announced = model.joins ? 'cluster' : 'replica';
  return {
    ...Object.fromEntries(model.directives.map(({ name, args }) => [name, value(args)])),
    port: tls ? '0' : port,
    'tls-port': tls ? port : '0',
    ...(replicated ? { masterauth: '***' } : {}),
    ...(replicated || model.joins ? { [`${announced}-announce-ip`]: node.ip } : {}),
    ...(node.hostname ? { 'cluster-announce-hostname': node.hostname } : {}),
  };
}

const value = (args: Directive['args']): string => args.join(' ').replace(/^"(.*)"$/, '$1');

const DEFAULT_OFF: UserFacts = {
  name: 'default',
  on: false,
  nopass: false,
  passwords: 0,
  weak: false,
  sharedWith: [],
  commands: '-@all',
  keys: [],
  channels: [],
};

/** Passwords are long, random and each user's own. */
function userFacts({ name, rules }: AclUser): UserFacts {
  const starting = (pattern: RegExp) => rules.filter((rule) => pattern.test(rule));
  return {
    ...DEFAULT_OFF,
    name,
    on: true,
    passwords: 1,
    commands: ['-@all', ...starting(/^[+-]/)].join(' '),
    keys: starting(/^[~%]/),
    channels: rules.includes('allchannels') ? ['&*'] : starting(/^&/),
  };
}

const SLOTS = 16_384;

function clusterFacts(model: StackModel, self: StackNode): ClusterFacts {
  const shards = new Set(model.nodes.map(({ shard }) => shard)).size;
  const slotsOf = (shard: number) =>
    Math.round((SLOTS / shards) * shard) - Math.round((SLOTS / shards) * (shard - 1));
  return {
    info: {},
    nodes: model.nodes.map(
      (node): ClusterNode => ({
        id: node.name,
        at: addressOf(node),
        hostname: node.hostname,
        flags: [...(node === self ? ['myself'] : []), node.role === 'primary' ? 'master' : 'slave'],
        primaryId: node.follows,
        linkUp: true,
        slots: node.role === 'primary' ? slotsOf(node.shard) : 0,
        openSlots: [],
      }),
    ),
  };
}

function sentinelFacts(model: StackModel, self: StackNode): SentinelFacts {
  const of = (role: StackNode['role']) => model.nodes.filter((node) => node.role === role && node !== self);
  const [primary = self] = of('primary');
  return {
    at: addressOf(self),
    name: self.name,
    tls: model.spec.security.tls,
    software: softwareOf(model),
    primaryName: model.sentinel?.primaryName ?? '',
    primary: addressOf(primary),
    flags: ['master'],
    quorum: model.sentinel?.quorum ?? 0,
    quorumOk: undefined,
    downAfterMs: Number(sentinelValue(model, 'down-after-milliseconds')),
    replicas: of('replica').map((node) => ({ at: addressOf(node), flags: ['slave'] })),
    others: of('sentinel').map((node) => ({ at: addressOf(node), flags: ['sentinel'], lastOkMs: 0 })),
    open: false,
  };
}

/** `5000` of `sentinel down-after-milliseconds mymaster 5000`. */
const sentinelValue = (model: StackModel, option: string): string | undefined =>
  model.sentinel?.directives.find(({ args }) => args[0] === option)?.args.at(-1);

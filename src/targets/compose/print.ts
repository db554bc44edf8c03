import { Document, isMap, isScalar, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { StackModel } from '../../model/types.ts';
import type { ComposeProject } from './project.ts';

const ANCHORS: Readonly<Record<string, string>> = {
  'x-node': 'node',
  'x-sentinel': 'sentinel',
  'x-exporter': 'exporter',
};

/** The blocks that run a server: the reasons below are theirs. */
const SERVERS = ['x-node', 'x-sentinel'];

/** Why a line of a shared block is there; printed above it. */
const WHYS: Readonly<Record<string, string>> = {
  entrypoint:
    'Renders the configuration into memory and becomes the server; no image entrypoint is relied on.',
  user: 'Not root, no capabilities, nothing writable but the data and two folders in memory.',
  mem_limit: 'maxmemory in conf/redis.conf follows from this; change it in redis-stack.yaml, not here.',
  restart: '',
  stop_grace_period: 'Time to hand over, to let replicas catch up, and to save.',
  healthcheck: 'Fails while loading, with a wrong password, and on a server that is silent.',
  init: 'The script or the server is the first process, so that it hears of a stop.',
  sysctls: 'Room for the connections of tcp-backlog where an old kernel gives less.',
  logging: 'Logs do not fill the disk.',
};

/** compose.yaml as text: shared blocks first, one block a service that starts from a shared one. */
export function printCompose(project: ComposeProject, model: StackModel): string {
  const nodes = nodesOf(project);
  const data = {
    name: model.spec.name,
    ...(nodes === undefined ? {} : { [NODES]: nodes }),
    ...project.shared,
    services: Object.fromEntries(project.services.map(({ name, service }) => [name, service])),
    ...project.rest,
  };
  const doc = new Document(data, { version: '1.1', aliasDuplicateObjects: false });
  doc.commentBefore = header(model);
  for (const key of Object.keys(project.shared)) decorate(doc, key, model.persistent);
  for (const { name, from } of project.services) if (from) startFrom(doc, name, from);
  if (nodes !== undefined) shareNodes(doc, project);
  spaceOut(doc);
  return doc.toString({ lineWidth: 0, nullStr: '' });
}

const NODES = 'x-nodes';
const IN_ENVIRONMENT = ['environment', 'STACK_NODES'];

/** The list of all nodes, which every node is given. */
function nodesOf({ services }: ComposeProject): string | undefined {
  const lists = services.map(({ service }) => (service.environment as { STACK_NODES?: string })?.STACK_NODES);
  return lists.find((list) => list !== undefined);
}

/** Written once: repeated, it would grow with the square of the nodes. */
function shareNodes(doc: Document, { services }: ComposeProject): void {
  const list = doc.get(NODES, true) as Scalar & { anchor?: string };
  list.anchor = 'nodes';
  const key = (doc.contents as YAMLMap<Scalar>).items.find((pair) => pair.key.value === NODES)?.key;
  if (key)
    key.commentBefore =
      ' Every node at its address. Servers remember each other; at a start that is put right by this list.';
  for (const { name } of services) {
    const path = ['services', name, ...IN_ENVIRONMENT];
    if (doc.hasIn(path)) doc.setIn(path, doc.createAlias(list));
  }
}

function header(model: StackModel): string {
  return [
    ` ${model.spec.name}: ${model.engine.title} ${model.engine.version}, ${model.spec.topology.kind}. Yours to edit; an update keeps your edits.`,
    ' Ports are open on 127.0.0.1 only, and the same inside and outside.',
  ].join('\n');
}

function decorate(doc: Document, key: string, persistent: boolean): void {
  const block = doc.get(key, true) as YAMLMap & { anchor?: string };
  block.anchor = ANCHORS[key] ?? key;
  if (!SERVERS.includes(key)) return;
  const restart = persistent
    ? 'Comes back by itself: it has its data on disk.'
    : 'Never by itself: a primary that comes back empty would empty its replicas.';
  for (const pair of block.items) {
    const name = (pair.key as Scalar<string>).value;
    const why = name === 'restart' ? restart : WHYS[name];
    if (why) (pair.key as Scalar).commentBefore = ` ${why}`;
  }
}

function startFrom(doc: Document, service: string, shared: string): void {
  const block = doc.getIn(['services', service], true);
  if (!isMap(block)) throw new Error(`service ${service} is a mapping`);
  const alias = doc.createAlias(doc.get(shared, true) as Parameters<Document['createAlias']>[0]);
  block.items.unshift(doc.createPair('<<', alias as Node));
}

/** An empty line before each top-level block and each service. */
function spaceOut(doc: Document): void {
  const services = doc.get('services', true);
  const blocks = [doc.contents, services].filter(isMap);
  for (const block of blocks) {
    for (const pair of block.items.slice(1)) if (isScalar(pair.key)) pair.key.spaceBefore = true;
  }
}

import { Document, isMap, isScalar, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { StackModel } from '../../model/types.ts';
import type { ComposeProject } from './project.ts';

const ANCHORS: Readonly<Record<string, string>> = { 'x-node': 'node', 'x-sentinel': 'sentinel' };

/** Why a line of a shared block is there; printed above it. */
const WHYS: Readonly<Record<string, string>> = {
  entrypoint:
    'Renders the configuration into memory and becomes the server; no image entrypoint is relied on.',
  user: 'Not root, no capabilities, nothing writable but the data and two folders in memory.',
  mem_limit: 'maxmemory in conf/redis.conf follows from this; change it in redis-stack.yaml, not here.',
  restart: '',
  stop_grace_period: 'Time to save and to let replicas catch up.',
  healthcheck: 'Fails while loading, with a wrong password, and on a broken server.',
};

/** compose.yaml as text: shared blocks first, one block a service that starts from a shared one. */
export function printCompose(project: ComposeProject, model: StackModel): string {
  const data = {
    name: model.spec.name,
    ...project.shared,
    services: Object.fromEntries(project.services.map(({ name, service }) => [name, service])),
    ...project.rest,
  };
  const doc = new Document(data, { version: '1.1', aliasDuplicateObjects: false });
  doc.commentBefore = header(model);
  for (const key of Object.keys(project.shared)) decorate(doc, key, model.persistent);
  for (const { name, from } of project.services) startFrom(doc, name, from);
  spaceOut(doc);
  return doc.toString({ lineWidth: 0, nullStr: '' });
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

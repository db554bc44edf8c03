import { dataNodes, sentinelNodes } from '../../model/build.ts';
import { humanBytes } from '../../model/bytes.ts';
import { evictionMeaning } from '../../model/directives.ts';
import { GRAFANA_ADMIN, isMonitored } from '../../model/monitoring.ts';
import type { AclUser, StackModel } from '../../model/types.ts';
import { advice } from './advice.ts';
import { diagram } from './diagram.ts';

/** What README.md.hbs is filled with. */
export function readmeView(model: StackModel) {
  const { spec, engine } = model;
  const targets: readonly string[] = spec.targets;
  return {
    name: spec.name,
    summary: `${engine.title} ${engine.version}, ${shape(model)}, for ${spec.workload.join(', ')}.`,
    diagram: diagram(model),
    facts: facts(model),
    compose: targets.includes('compose'),
    helm: targets.includes('helm'),
    tls: spec.security.tls,
    client: targets.includes('client'),
    // The one keyspace that client/src/keyspaces.ts begins with.
    cacheExample: spec.client.patterns.includes('cache-aside'),
    server: engine.server,
    cli: engine.cli,
    nodes: model.nodes.map(({ name, role, port }) => ({ name, role, port })),
    files: files(model),
    advice: advice(model),
  };
}

/** What env.example.hbs is filled with. */
export function envView(model: StackModel) {
  const users = secretUsers(model).map(({ passwordEnv, why }) => ({ passwordEnv, why }));
  return { users, tls: model.spec.security.tls };
}

/** Everybody who has a password: the users of the servers, and whoever changes dashboards. */
export function secretUsers(model: StackModel): readonly Pick<AclUser, 'name' | 'passwordEnv' | 'why'>[] {
  const grafana = { ...GRAFANA_ADMIN, why: 'The user `admin` of Grafana.' };
  return [...allUsers(model), ...(isMonitored(model) ? [grafana] : [])];
}

/** Every user once, as the data nodes know it. */
export function allUsers(model: StackModel): readonly AclUser[] {
  const seen = new Map([...(model.sentinel?.users ?? []), ...model.users].map((user) => [user.name, user]));
  return [...seen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function shape(model: StackModel): string {
  const data = dataNodes(model.nodes);
  const watchers = sentinelNodes(model.nodes).length;
  const primaries = data.filter((node) => node.role === 'primary').length;
  const replicas = data.length - primaries;
  const parts = [
    plural(primaries, 'primary', 'primaries'),
    plural(replicas, 'replica', 'replicas'),
    plural(watchers, 'Sentinel', 'Sentinels'),
  ];
  return parts.filter((part) => !part.startsWith('0')).join(', ');
}

function plural(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

function facts(model: StackModel) {
  const { spec, memory, engine } = model;
  return [
    { label: 'Image', value: `\`${engine.image}\` (${engine.licence})` },
    {
      label: 'Memory of one node',
      value: `${humanBytes(memory.maxmemoryBytes)} of data in a container of ${humanBytes(memory.limitBytes)}; the arithmetic stands in \`conf/redis.conf\``,
    },
    {
      label: 'When it is full',
      value: `\`${spec.memory.eviction}\`: ${evictionMeaning(spec.memory.eviction)}`,
    },
    { label: 'Persistence', value: persistence(model) },
  ];
}

function persistence(model: StackModel): string {
  const { mode, appendfsync } = model.spec.persistence;
  const said = {
    none: 'none: everything is gone after a restart',
    rdb: 'snapshots: a crash loses what changed since the last one',
    aof: `append-only file, fsync ${appendfsync}`,
    hybrid: `append-only file, fsync ${appendfsync}, and snapshots to copy away`,
  };
  return said[mode];
}

function files(model: StackModel) {
  const rows = [
    { what: 'sizes and choices', where: '`redis-stack.yaml`', when: true },
    { what: 'server settings, each with its reason', where: '`conf/redis.conf`', when: true },
    { what: 'Sentinel settings', where: '`conf/sentinel.conf`', when: model.sentinel !== undefined },
    { what: 'who may do what', where: '`conf/users.acl`', when: true },
    { what: 'containers', where: '`compose.yaml`', when: model.spec.targets.includes('compose') },
    { what: 'Kubernetes', where: `\`helm/${model.spec.name}/\``, when: model.spec.targets.includes('helm') },
    { what: 'typed client', where: '`client/`', when: model.spec.targets.includes('client') },
    {
      what: 'what the application keeps in Redis',
      where: '`client/src/keyspaces.ts`',
      when: model.spec.targets.includes('client'),
    },
    {
      what: 'what is measured, and which alerts there are',
      where: '`monitoring/`',
      when: model.spec.targets.includes('monitoring'),
    },
    {
      what: 'check of every pull request',
      where: '`.github/workflows/redis-stack.yml`',
      when: model.spec.targets.includes('ci'),
    },
    {
      what: 'what was generated last, to merge your edits',
      where: '`.redis-stack/` (commit it)',
      when: true,
    },
  ];
  return rows.filter((row) => row.when).map(({ what, where }) => ({ what, where }));
}

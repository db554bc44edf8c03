import type { AclUser } from '../../../src/model/types.ts';
import { dataUsers, sentinelUsers } from '../../../src/model/users.ts';
import { completeSpec } from '../../../src/spec/complete.ts';
import type { Engine } from '../../../tests/support/engines.ts';
import type { Server } from '../../../tests/support/servers.ts';
import type { ClusterStack, SentinelStack, StandaloneStack, View } from '../src/description.js';

export const password = 'app-secret';
export const sentinelPassword = 'sentinel-secret';

/** What the module needs on data nodes and nothing more: what works here works for the user the generator writes. */
export const appRights = [
  ...['~test:*', 'resetchannels', '-@all', '+get', '+mget', '+set', '+del', '+incr', '+pexpire'],
  ...['+eval', '+evalsha', '+ping'],
];
export const clusterRights = ['+cluster|slots', '+asking'];
export const sentinelRights = [
  ...['resetchannels', '-@all', '+ping', '+psubscribe'],
  ...['+sentinel|master', '+sentinel|replicas', '+sentinel|sentinels'],
  ...['&switch-master', '&[-+]sdown', '&+slave', '&+sentinel', '&[-+]odown', '&+slave-reconf-done'],
];

/** What ioredis asks for beyond that: it logs in, names itself, and looks at the role and the state of a server. */
export const ioredisRights = ['+hello', '+auth', '+client|setname', '+info'];
export const ioredisClusterRights = [...ioredisRights, '+cluster|info', '+readonly', '+readwrite'];
export const ioredisSentinelRights = [
  ...['resetchannels', '-@all', '+hello', '+auth', '+client|setname'],
  ...['+sentinel|get-master-addr-by-name', '+sentinel|master'],
];

export const appUser = (extra: readonly string[] = []): readonly string[][] => [
  ['user', 'app', 'on', `>${password}`, ...appRights, ...extra],
];

export const env = { APP_PASSWORD: password, SENTINEL_PASSWORD: sentinelPassword };

const specOn = ({ name, line }: Engine) => completeSpec({ engine: { name, version: line } }, 'test').spec;
const rulesOf = (users: readonly AclUser[]) => users.find(({ name }) => name === 'app')?.rules ?? [];

/** The application's user as the generator writes it. */
export const generatedUser = (engine: Engine): readonly string[][] => [
  ['user', 'app', 'on', `>${password}`, ...rulesOf(dataUsers(specOn(engine), true))],
];
export const generatedSentinelRules = (engine: Engine) => rulesOf(sentinelUsers(specOn(engine)));

const at = (servers: readonly Pick<Server, 'port'>[]): View => ({
  addresses: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
  addressMap: {},
});

const common = (servers: readonly Pick<Server, 'port'>[]) => ({
  name: 'test',
  keyPrefix: 'test:',
  user: 'app',
  passwordEnv: 'APP_PASSWORD',
  host: at(servers),
  network: at(servers),
});

export const standaloneStack = (server: Pick<Server, 'port'>): StandaloneStack => ({
  kind: 'standalone',
  ...common([server]),
});

export const sentinelStack = (
  sentinels: readonly Pick<Server, 'port'>[],
  primaryName: string,
): SentinelStack => ({
  kind: 'sentinel',
  ...common(sentinels),
  primaryName,
  sentinelUser: 'watcher',
  sentinelPasswordEnv: 'SENTINEL_PASSWORD',
});

export const clusterStack = (nodes: readonly Pick<Server, 'port'>[]): ClusterStack => ({
  kind: 'cluster',
  ...common(nodes),
});

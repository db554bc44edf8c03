import { knownRules } from '../engines/capabilities.ts';
import type { ExtraUser, StackSpec } from '../spec/types.ts';
import type { AclUser } from './types.ts';

/** `REDIS_APP_PASSWORD` for the user `app`. */
export function passwordEnv(user: string): string {
  return `REDIS_${user.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_PASSWORD`;
}

const user = (name: string, why: string, ...rules: readonly string[]): AclUser => ({
  name,
  why,
  rules,
  passwordEnv: passwordEnv(name),
});

/** Everything an application does with data, without what endangers the server or walks all keys at once. */
const APPLICATION = [
  '+@all',
  '-@admin',
  '-@dangerous',
  '+info',
  '+role',
  '+cluster|slots',
  '+cluster|shards',
  '+cluster|nodes',
  '+cluster|info',
  '+cluster|myid',
];

const ADMIN = user('admin', 'People and this tool: everything.', '~*', '&*', '+@all');
const PROBE = user(
  'probe',
  'Health checks: may ask how the server is, and read no key.',
  '+ping',
  '+info',
  '+role',
  '+cluster|info',
);

/** The users of the data nodes. `default` is switched off beside them. */
export function dataUsers(spec: StackSpec, hasSentinels: boolean): readonly AclUser[] {
  const always = [
    ADMIN,
    user('app', 'The application: all data commands on all keys and channels.', '~*', '&*', ...APPLICATION),
    user('replication', 'Replicas log in to their primary as this user.', '+psync', '+replconf', '+ping'),
    PROBE,
    user(
      'exporter',
      'Metrics: server figures, sizes and settings, no key is read.',
      '+ping',
      '+info',
      '+config|get',
      '+cluster|info',
      '+slowlog|get',
      '+slowlog|len',
      '+latency|latest',
      '+latency|histogram',
      '+client|list',
      '+client|setname',
      '+dbsize',
    ),
  ];
  const watching = hasSentinels ? [SENTINEL_ON_DATA] : [];
  return [...always, ...watching, ...spec.security.users.map(extraUser)];
}

/** The list in the Sentinel documentation, plus what 7.0 and later ask for. */
const SENTINEL_ON_DATA = user(
  'sentinel',
  'Sentinel: watches, and turns a replica into the primary.',
  'allchannels',
  '+multi',
  '+slaveof',
  '+replicaof',
  '+ping',
  '+exec',
  '+subscribe',
  '+publish',
  '+config|rewrite',
  '+role',
  '+info',
  '+client|setname',
  '+client|kill',
  '+script|kill',
);

/** The users of the Sentinels themselves. */
export function sentinelUsers(spec: StackSpec): readonly AclUser[] {
  const users = [
    ADMIN,
    user(
      'app',
      'The application: may ask where the primary is, and hear when it moves.',
      'allchannels',
      '+ping',
      '+role',
      '+info',
      '+hello',
      '+auth',
      '+client|setinfo',
      '+client|setname',
      '+client|id',
      '+subscribe',
      '+psubscribe',
      '+unsubscribe',
      '+punsubscribe',
      '+sentinel|get-master-addr-by-name',
      '+sentinel|master',
      '+sentinel|masters',
      '+sentinel|replicas',
      '+sentinel|slaves',
      '+sentinel|sentinels',
      '+sentinel|myid',
    ),
    user('sentinel', 'The Sentinels among themselves.', 'allchannels', '+@all'),
    user(
      'probe',
      'Health checks and nodes that start: may ask how the Sentinel is and where the primary is.',
      '+ping',
      '+info',
      '+role',
      '+sentinel|get-master-addr-by-name',
      '+sentinel|ckquorum',
    ),
  ];
  return users.map((u) => ({ ...u, rules: knownRules(spec.engine, u.rules) }));
}

function extraUser(extra: ExtraUser): AclUser {
  const mark = extra.access === 'readonly' ? '%R~' : '~';
  const commands =
    extra.access === 'readonly'
      ? ['+@read', '+@connection', '-@dangerous', '+cluster|slots', '+cluster|shards']
      : APPLICATION;
  const keys = extra.keys.map((key) => `${mark}${key}`);
  const channels = extra.access === 'readonly' ? [] : ['&*'];
  const why =
    extra.access === 'readonly'
      ? 'Added in redis-stack.yaml: may read.'
      : 'Added in redis-stack.yaml: may read and write.';
  return user(extra.name, why, ...keys, ...channels, ...commands);
}

export const RESERVED_USERS = [
  'default',
  'admin',
  'app',
  'replication',
  'probe',
  'exporter',
  'sentinel',
] as const;

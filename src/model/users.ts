import { knownRules } from '../engines/capabilities.ts';
import { compareLines } from '../engines/releases.ts';
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
  // Calling functions is its work, replacing or deleting those of others is not.
  '-function',
  '+function|list',
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

/**
 * Valkey from 9.0 writes what goes straight to a socket in the format of 7.2 unless the other side tells its release, which
 * the command line client does not, and a hash with fields that expire then ends the copy. A client that may not say
 * `capa eof` is served from a file, which is always whole.
 */
function backupUser(engine: StackSpec['engine']): AclUser {
  const fromFile = engine.name === 'valkey' && compareLines(engine.version, '9.0') >= 0;
  return user(
    'backup',
    'Backups: may take a copy of all data, and find out from whom.',
    '+ping',
    '+info',
    '+sync',
    fromFile ? '+replconf|rdb-only' : '+replconf',
    '+cluster|nodes',
  );
}

/** The users of the data nodes. `default` is switched off beside them. */
export function dataUsers(spec: StackSpec, hasSentinels: boolean): readonly AclUser[] {
  const always = [
    ADMIN,
    user(
      'app',
      'The application: all data commands on all keys and channels.',
      '~*',
      '&*',
      ...APPLICATION,
      ...allowed(spec.security.allow),
    ),
    user('replication', 'Replicas log in to their primary as this user.', '+psync', '+replconf', '+ping'),
    PROBE,
    backupUser(spec.engine),
    user(
      'exporter',
      // CONFIG GET would show it the password of the replicas, and with that all data.
      'Metrics: server figures and sizes, no key is read and no setting.',
      '+ping',
      '+info',
      '+cluster|info',
      '+slowlog|get',
      '+slowlog|len',
      '+latency|latest',
      '+latency|histogram',
      '+client|setname',
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
    user(
      'sentinel',
      'The Sentinels among themselves, and nodes that hand over: may vote, and ask for a failover.',
      'allchannels',
      '+ping',
      '+info',
      '+role',
      '+hello',
      '+auth',
      '+publish',
      '+client|setname',
      '+sentinel|is-master-down-by-addr',
      '+sentinel|get-master-addr-by-name',
      '+sentinel|master',
      '+sentinel|replicas',
      '+sentinel|ckquorum',
      '+sentinel|failover',
    ),
    user(
      'probe',
      'Health checks and nodes that start: may ask how the Sentinel is and where the primary is.',
      '+ping',
      '+info',
      '+role',
      '+sentinel|get-master-addr-by-name',
      '+sentinel|ckquorum',
    ),
    user(
      'exporter',
      'Metrics: what this Sentinel sees of the primary, its replicas and the other Sentinels.',
      '+ping',
      '+info',
      '+client|setname',
      '+sentinel|masters',
      '+sentinel|ckquorum',
      '+sentinel|sentinels',
      '+sentinel|slaves',
    ),
  ];
  return users.map((u) => ({ ...u, rules: knownRules(spec.engine, u.rules) }));
}

const allowed = (commands: readonly string[] = []): readonly string[] => commands.map((name) => `+${name}`);

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
  return user(extra.name, why, ...keys, ...channels, ...commands, ...allowed(extra.allow));
}

export const RESERVED_USERS = [
  'default',
  'admin',
  'app',
  'replication',
  'probe',
  'exporter',
  'backup',
  'sentinel',
] as const;

import { directiveFacts } from '../engines/catalogue.ts';
import { type ConfLine, readConf } from '../engines/conf-lines.ts';
import { effectiveLines, SET_BY_NODE } from '../model/config-values.ts';
import { COMMON_CONFIGURATION } from './defaults.ts';
import type { Reading } from './reading.ts';
import type { Account } from './types.ts';

/** A directive as a key of the values has it. */
export interface Setting extends ConfLine {
  /** The key of the values; undefined for what the chart sets itself. */
  readonly key: string | undefined;
}

export interface Settings {
  /** What holds on the data nodes: the last line of each directive. */
  readonly effective: ReadonlyMap<string, Setting>;
  /** Each line of the file, also those that another one overrides. */
  readonly given: readonly Setting[];
  /** Lines for replicas alone. */
  readonly replicas: readonly Setting[];
}

/** The servers' own default where neither the chart nor the user says `save`. */
const SERVER_SAVE = 'save 3600 1 300 100 60 10000';
/** What the cluster charts put into every node's file. */
const CLUSTER_BASE = 'save 900 1 300 10 60 10000';

/** The directives of all texts and flags, in the order in which the chart hands them to the server. */
export function readSettings(reading: Reading): Settings {
  const given = [...textsOf(reading), ...flagsOf(reading, `${reading.main}.extraFlags`)];
  const all = [...baseOf(reading), ...given];
  const effective = new Map<string, Setting>();
  for (const line of effectiveLines(all)) effective.set(line.name, { ...line, key: keyOf(all, line.name) });
  const replicas = reading.isSingle
    ? []
    : [...linesOf(reading, 'replica.configuration'), ...flagsOf(reading, 'replica.extraFlags')];
  return { effective, given, replicas };
}

/** The key of the last line of a directive. */
function keyOf(all: readonly Setting[], name: string): string | undefined {
  return all.filter((line) => line.name === name).at(-1)?.key;
}

function baseOf(reading: Reading): readonly Setting[] {
  const own = (text: string) => readConf(text).map((line) => ({ ...line, key: undefined }));
  if (!reading.isCluster) {
    const replaced = reading.given('commonConfiguration') !== undefined;
    return own(replaced ? SERVER_SAVE : COMMON_CONFIGURATION);
  }
  const replaced =
    reading.text('redis.defaultConfigOverride') ?? reading.text('valkey.defaultConfigOverride');
  return [...own(replaced === undefined ? CLUSTER_BASE : SERVER_SAVE), ...appendOnly(reading)];
}

function appendOnly(reading: Reading): readonly Setting[] {
  const key = `${reading.engine}.useAOFPersistence`;
  const value = reading.given(key);
  if (value !== undefined && !['yes', 'no', true, false].includes(value as string | boolean)) {
    reading.refuse(key, 'is neither "yes" nor "no".', 'Write "yes" or "no", in quotes.');
  }
  const on = value === undefined || value === 'yes' || value === true;
  return [
    { name: 'appendonly', args: [on ? 'yes' : 'no'], line: 0, key: value === undefined ? undefined : key },
  ];
}

function textsOf(reading: Reading): readonly Setting[] {
  const keys = reading.isCluster
    ? [`${reading.engine}.defaultConfigOverride`, `${reading.engine}.configmap`]
    : ['commonConfiguration', `${reading.main}.configuration`];
  return keys.flatMap((key) => linesOf(reading, key));
}

function linesOf(reading: Reading, key: string): readonly Setting[] {
  // A text without a directive still replaces the chart's own.
  return readConf(reading.text(key) ?? '').map((line) => ({ ...line, key }));
}

/** `--maxmemory-policy volatile-ttl` is a line of configuration; so is `--maxmemory` with its value as the next item. */
function flagsOf(reading: Reading, key: string): readonly Setting[] {
  const flags = reading.given(key);
  if (flags === undefined) return [];
  if (!Array.isArray(flags) || flags.some((flag) => !['string', 'number'].includes(typeof flag))) {
    reading.object(
      key,
      'The flags are not a list.',
      'Write a list such as ["--maxmemory-policy allkeys-lru"].',
    );
    return [];
  }
  const text = flags
    .map(String)
    .join(' ')
    .replace(/(^|\s)--(?=[a-z])/g, '\n');
  return readConf(text).map((line) => ({ ...line, key }));
}

const DIRECTIVE = /^[a-z][a-z0-9_-]{0,60}$/;

const SECRETS = new Set([
  'requirepass',
  'masterauth',
  'primaryauth',
  'user',
  'tls-key-file-pass',
  'tls-client-key-file-pass',
]);

/** Where a server finds its files and its like; each start decides it. */
const DECIDED = new Set([
  ...SET_BY_NODE,
  'daemonize',
  'pidfile',
  'logfile',
  'protected-mode',
  'supervised',
  'unixsocket',
  'unixsocketperm',
  'masteruser',
  'primaryuser',
  'replicaof',
  'slaveof',
  'cluster-enabled',
  'cluster-config-file',
  'replica-announce-ip',
  'replica-announce-port',
  'cluster-announce-ip',
  'cluster-announce-port',
  'cluster-announce-hostname',
  'appenddirname',
  'appendfilename',
  'dbfilename',
]);

/** What becomes of a directive that is no key of the spec. */
function settle(name: string, engine: { name: 'redis' | 'valkey'; version: string }): Omit<Account, 'key'> {
  if (SECRETS.has(name))
    return {
      verdict: 'secret',
      why: 'Users have passwords of their own here, in .env; this one is not taken over.',
    };
  if (DECIDED.has(name)) return { verdict: 'not-needed', why: 'Each node is told this when it starts.' };
  if (name === 'rename-command')
    return {
      verdict: 'not-possible',
      why: 'Users have rights instead: edit conf/users.acl, update keeps the edit.',
    };
  if (name === 'loadmodule' || name === 'include')
    return {
      verdict: 'not-possible',
      why: 'The file is not in the official image; build one of your own and name it in compose.yaml and the helm values.',
    };
  if (!DIRECTIVE.test(name))
    return {
      verdict: 'not-possible',
      why: 'A template or something else that is no directive: write out what it gives.',
    };
  if (directiveFacts(engine, name))
    return {
      verdict: 'elsewhere',
      to: 'conf/redis.conf',
      why: 'Edit it there, update keeps the edit; in the helm values it is config.',
    };
  return { verdict: 'unknown', why: `${engine.name} ${engine.version} has no such directive.` };
}

/** An account for every line that the file gives; those that a topic took are in `taken`, by name. */
export function accountForSettings(
  settings: Settings,
  taken: ReadonlyMap<string, Omit<Account, 'key'>>,
  engine: { name: 'redis' | 'valkey'; version: string },
): readonly Account[] {
  const lines = settings.given.map((line) => accountFor(line, settings, taken, engine));
  const replicas = settings.replicas.map((line) => accountForReplica(line, settings));
  return [...lines, ...replicas];
}

function accountFor(
  line: Setting,
  { effective }: Settings,
  taken: ReadonlyMap<string, Omit<Account, 'key'>>,
  engine: { name: 'redis' | 'valkey'; version: string },
): Account {
  const key = shownKey(line);
  const within = line.line;
  const holds = effective.get(line.name)?.key;
  if (holds !== line.key && holds !== undefined) {
    return { key, within, verdict: 'not-needed', why: `${holds} says it again and has the last word.` };
  }
  return { key, within, ...(taken.get(line.name) ?? settle(line.name, engine)) };
}

function accountForReplica(line: Setting, { effective }: Settings): Account {
  const key = shownKey(line);
  const within = line.line;
  if (SECRETS.has(line.name))
    return {
      key,
      within,
      verdict: 'secret',
      why: 'Users have passwords of their own here, in .env; this one is not taken over.',
    };
  const same = effective.get(line.name)?.args.join(' ') === line.args.join(' ');
  return same
    ? { key, within, verdict: 'not-needed', why: 'It holds on all data nodes: they change roles.' }
    : {
        key,
        within,
        verdict: 'not-possible',
        why: 'One configuration holds on all data nodes, for they change roles: set it for the primary too, if it is meant so.',
      };
}

/** What is no directive may be anything, also a secret: it is not repeated. */
function shownKey({ key, name, line }: Setting): string {
  return `${key}: ${DIRECTIVE.test(name) ? name : `line ${line}`}`;
}

import { compareLines } from '../engines/releases.ts';
import type { EngineName } from '../engines/types.ts';
import type { Feature, Ground } from './types.ts';

interface FeatureFacts {
  readonly title: string;
  /** Release line that brought it into the server itself. */
  readonly since: Readonly<Partial<Record<EngineName, string>>>;
  /** Where a server of these engines gets it from otherwise. */
  readonly module: Readonly<Partial<Record<EngineName, string>>>;
  /** A command that a server has exactly when it has this. */
  readonly command: string;
}

/**
 * Redis 8 brings the former modules along in its own images and packages; what distributions build may be without them, so
 * a server that is at hand is asked.
 */
export const FEATURES: Readonly<Record<Feature, FeatureFacts>> = {
  'field-ttl': {
    title: 'lifetimes for single fields',
    since: { redis: '7.4', valkey: '9.0' },
    module: {},
    command: 'HPEXPIRE',
  },
  'sharded-pubsub': {
    title: 'channels that belong to one shard',
    since: { redis: '7.0', valkey: '7.2' },
    module: {},
    command: 'SPUBLISH',
  },
  json: {
    title: 'JSON documents',
    since: { redis: '8.0' },
    module: { redis: 'RedisJSON', valkey: 'valkey-json' },
    command: 'JSON.SET',
  },
  bloom: {
    title: 'Bloom filters',
    since: { redis: '8.0' },
    module: { redis: 'RedisBloom', valkey: 'valkey-bloom' },
    command: 'BF.ADD',
  },
  'top-k': {
    title: 'Top-K sketches',
    since: { redis: '8.0' },
    module: { redis: 'RedisBloom' },
    command: 'TOPK.ADD',
  },
  'time-series': {
    title: 'time series',
    since: { redis: '8.0' },
    module: { redis: 'RedisTimeSeries' },
    command: 'TS.ADD',
  },
  search: {
    title: 'indexes over fields',
    since: { redis: '8.0' },
    module: { redis: 'RediSearch', valkey: 'valkey-search' },
    command: 'FT.SEARCH',
  },
  'vector-set': {
    title: 'vector sets',
    since: { redis: '8.0' },
    module: {},
    command: 'VADD',
  },
};

export const FEATURE_IDS = Object.keys(FEATURES) as readonly Feature[];

/** Why this server cannot do it, and what would help; undefined where it can, as far as anybody knows. */
export function lacks(feature: Feature, { name, title, version, has }: Ground): string | undefined {
  const { since, module, title: what, command } = FEATURES[feature];
  const from = since[name];
  if (has?.has(feature)) return undefined;
  const isOld = from === undefined || compareLines(version, from) < 0;
  if (!isOld && has === undefined) return undefined;
  const missing = isOld
    ? `${title} ${version} has no ${what}`
    : `this build of ${title} ${version} has no ${what} (it does not know ${command})`;
  const extra = module[name];
  const ways = [
    ...(isOld && from !== undefined ? [`${title} ${from}`] : []),
    ...(extra === undefined ? [] : [`the module ${extra}`]),
  ];
  if (ways.length > 0) return `${missing}; ${ways.join(' or ')} brings them`;
  return isOld ? `${missing}; Redis has them from ${since.redis} on` : `${missing}; others have`;
}

/** True where no release and no module of this engine has it. */
export function isOfOthers(feature: Feature, { name }: Ground): boolean {
  const { since, module } = FEATURES[feature];
  return since[name] === undefined && module[name] === undefined;
}

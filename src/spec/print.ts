import { printYaml } from '../targets/yaml.ts';
import type { StackSpec } from './types.ts';

export const SPEC_FILE = 'redis-stack.yaml';
export const SCHEMA_FILE = '.redis-stack/redis-stack.schema.json';

const COMMENTS: Readonly<Record<string, string>> = {
  name: 'A DNS label: Compose project, key prefix, chart name.',
  'engine.version': 'Release line; the image tag follows it.',
  workload: 'cache, sessions, rate-limiting, queue, primary-data; several may hold.',
  topology: 'standalone | sentinel: replicas, sentinels, quorum | cluster: shards, replicas (per shard).',
  'memory.limit': 'Of one container. maxmemory: auto leaves room for forks, fragmentation and buffers.',
  persistence: 'none | rdb | aof | hybrid; fsync everysec | always | no.',
  databases: 'A cluster has one.',
  backup: 'A set every so often, the newest of them kept; to folder (backups/sets) or s3://bucket/prefix.',
  security: 'Users beside those of the stack itself: - {name: reports, access: readonly, keys: ["report:*"]}',
  network: 'Port of the first data node; the subnet is that of Compose.',
  client: 'Library node-redis | ioredis; patterns of the client, or all.',
  targets: 'What is written beside the configuration.',
  accept: 'Codes of refused combinations that you decided to live with.',
};

/** `redis-stack.yaml`: the spec itself, every key explicit. Editing it is the normal way to change the stack. */
export function printSpec(spec: StackSpec): string {
  return printYaml(spec, {
    header: ` yaml-language-server: $schema=${SCHEMA_FILE}\n The stack in one place: edit, then run \`npx create-redis-stack update\`.`,
    comments: COMMENTS,
  });
}

import * as v from 'valibot';
import { ENGINE_NAMES } from '../engines/releases.ts';
import { BUCKET, FOLDER, parsePeriod } from '../model/backup.ts';
import { parseBytes } from '../model/bytes.ts';
import {
  ALLOWANCES,
  APPENDFSYNC,
  CLIENT_LIBRARIES,
  OPTIONAL_TARGETS,
  PATTERNS,
  PERSISTENCE_MODES,
  TOPOLOGY_KINDS,
  USER_ACCESS,
  WORKLOADS,
} from './types.ts';

/** A DNS label that starts with a letter: it becomes a Compose project, a service prefix and a chart name. */
export const NAME = /^[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?$/;
const USER_NAME = /^[a-z][-a-z0-9_]{0,31}$/;
/** Printable, without blanks, quotes and backslashes: what an ACL rule can carry unquoted. */
const KEY_PATTERN = /^[!#-&(-[\]-~]{1,200}$/;
const SUBNET = /^(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)(?:\.\d{1,3}){1,2}\.0\/24$/;

const count = (least: number, most: number) =>
  v.pipe(v.number('a whole number'), v.integer('a whole number'), v.minValue(least), v.maxValue(most));

const size = v.pipe(
  v.string('a size such as "1Gi"'),
  v.check((text) => parseBytes(text) !== undefined, 'a size such as "512Mi" or "2gb"'),
);

const sizeOrAuto = v.pipe(
  v.string('a size such as "700mb", or "auto"'),
  v.check((text) => text === 'auto' || parseBytes(text) !== undefined, 'a size such as "700mb", or "auto"'),
);

/** One value or a list of them; the parser makes a list of either. */
const listOf = <T extends readonly string[]>(values: T) => v.array(v.picklist(values));

const user = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(USER_NAME, 'lower-case letters, digits, - and _, starting with a letter, 32 at most'),
    v.description('Name of the ACL user.'),
  ),
  access: v.optional(v.picklist(USER_ACCESS)),
  keys: v.optional(
    v.array(v.pipe(v.string(), v.regex(KEY_PATTERN, 'a key pattern without blanks, quotes or backslashes'))),
  ),
  allow: v.optional(
    v.pipe(listOf(ALLOWANCES), v.description('Commands that it has beside those of its access.')),
  ),
});

const backup = v.strictObject({
  every: v.optional(
    v.pipe(
      v.string('a time such as "24h"'),
      v.check((text) => parsePeriod(text) !== undefined, 'a time from "5m" to "366d", such as "6h"'),
      v.description('Time between two backups, such as 24h.'),
    ),
  ),
  keep: v.optional(v.pipe(count(1, 1000), v.description('Backups that are kept.'))),
  to: v.optional(
    v.pipe(
      v.string('folder or s3://bucket/prefix'),
      v.check((text) => text === FOLDER || BUCKET.test(text), 'folder, or s3://bucket/prefix'),
      v.description('folder (backups/sets), or s3://bucket/prefix.'),
    ),
  ),
  endpoint: v.optional(
    v.pipe(
      v.string('a URL'),
      v.regex(
        /^(?:https?:\/\/[A-Za-z0-9.-]{1,200}(?::\d{1,5})?\/?)?$/,
        'a URL such as https://s3.example.com',
      ),
      v.description('URL of a store that speaks S3, if not that of Amazon.'),
    ),
  ),
  region: v.optional(
    v.pipe(
      v.string('a region'),
      v.regex(/^[a-z0-9-]{0,40}$/, 'a region such as eu-central-1'),
      v.description('Region of the bucket.'),
    ),
  ),
});

/** What a `redis-stack.yaml` may hold. Every key but `name` may be left out: its default follows from the others. */
export const specSchema = v.strictObject({
  name: v.optional(
    v.pipe(
      v.string('a text'),
      v.regex(NAME, 'a DNS label: lower-case letters, digits and -, starting with a letter, 40 at most'),
      v.description('Name of the stack, a DNS label; by default that of its directory.'),
    ),
  ),
  engine: v.optional(
    v.strictObject({
      name: v.optional(v.pipe(v.picklist(ENGINE_NAMES), v.description('redis or valkey.'))),
      version: v.optional(
        v.pipe(v.string('a release line in quotes'), v.description('Release line, such as "8.2".')),
      ),
    }),
  ),
  workload: v.optional(v.pipe(listOf(WORKLOADS), v.minLength(1), v.description('What the stack is for.'))),
  topology: v.optional(
    v.strictObject({
      kind: v.optional(v.picklist(TOPOLOGY_KINDS)),
      replicas: v.optional(v.pipe(count(0, 4), v.description('Replicas per primary.'))),
      sentinels: v.optional(v.pipe(count(1, 9), v.description('Sentinel processes, odd (sentinel only).'))),
      quorum: v.optional(v.pipe(count(1, 9), v.description('Sentinels that must agree (sentinel only).'))),
      shards: v.optional(v.pipe(count(1, 48), v.description('Primaries (cluster only).'))),
    }),
  ),
  memory: v.optional(
    v.strictObject({
      limit: v.optional(v.pipe(size, v.description('Memory limit of one container, such as 1Gi.'))),
      maxmemory: v.optional(
        v.pipe(sizeOrAuto, v.description('maxmemory, or auto: computed from the limit.')),
      ),
      eviction: v.optional(v.pipe(v.string('an eviction policy'), v.description('maxmemory-policy.'))),
    }),
  ),
  persistence: v.optional(
    v.strictObject({
      mode: v.optional(
        v.pipe(v.picklist(PERSISTENCE_MODES), v.description('none, rdb, aof, or hybrid (both).')),
      ),
      appendfsync: v.optional(
        v.pipe(v.picklist(APPENDFSYNC), v.description('When the append-only file reaches the disk.')),
      ),
    }),
  ),
  databases: v.optional(v.pipe(count(1, 1024), v.description('Numbered databases; a cluster has one.'))),
  backup: v.optional(
    v.pipe(backup, v.description('A job that copies the data away; left out, there is none.')),
  ),
  security: v.optional(
    v.strictObject({
      tls: v.optional(v.pipe(v.boolean('true or false'), v.description('Encrypt every connection.'))),
      allow: v.optional(
        v.pipe(
          listOf(ALLOWANCES),
          v.description('Commands that the application has beside the usual ones, such as keys.'),
        ),
      ),
      users: v.optional(
        v.pipe(v.array(user), v.description('ACL users beside those the stack needs itself.')),
      ),
    }),
  ),
  network: v.optional(
    v.strictObject({
      // 40000 at most leaves room above for Sentinels (20000 further) and the cluster bus (10000 further).
      port: v.optional(
        v.pipe(count(1024, 40_000), v.description('Port of the first data node; the others follow.')),
      ),
      subnet: v.optional(
        v.pipe(
          v.string(),
          v.regex(SUBNET, 'a private /24, such as 172.30.5.0/24'),
          v.description('Compose network.'),
        ),
      ),
    }),
  ),
  client: v.optional(
    v.strictObject({
      library: v.optional(
        v.pipe(v.picklist(CLIENT_LIBRARIES), v.description('What the client speaks to Redis with.')),
      ),
      patterns: v.optional(v.pipe(listOf(PATTERNS), v.description('Patterns of the client, or all.'))),
    }),
  ),
  targets: v.optional(
    v.pipe(listOf(OPTIONAL_TARGETS), v.description('What to write beside the configuration.')),
  ),
  accept: v.optional(v.pipe(v.array(v.string()), v.description('Codes of refused combinations to allow.'))),
});

export type SpecInput = v.InferOutput<typeof specSchema>;

import * as v from 'valibot';
import { ENGINE_NAMES } from '../engines/releases.ts';
import { accept, type Problem, problem, type Result, refuse } from '../problem.ts';

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most), v.regex(/^[\w.:-]*$/));

const shardSchema = v.object({
  file: v.pipe(v.string(), v.maxLength(200)),
  bytes: whole,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  rdbVersion: v.pipe(whole, v.maxValue(9999)),
  keys: whole,
  databases: v.record(v.pipe(v.string(), v.regex(/^\d{1,4}$/)), whole),
  offset: whole,
  source: text(300),
  role: v.picklist(['primary', 'replica']),
});

const manifestSchema = v.object({
  format: v.literal(1),
  name: v.pipe(v.string(), v.regex(/^[a-z][-a-z0-9]{0,39}$/)),
  time: v.pipe(v.string(), v.isoTimestamp()),
  seconds: whole,
  engine: v.picklist(ENGINE_NAMES),
  version: text(40),
  topology: text(40),
  shards: v.pipe(v.array(shardSchema), v.minLength(1), v.maxLength(1000)),
});

/** One file of a set: the snapshot of one shard, compressed. */
export type ShardFile = v.InferOutput<typeof shardSchema>;

/** What `backup.sh` notes of a set, and writes last. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** The name of a manifest: stack, then time. */
export const MANIFEST_NAME = /^([a-z][-a-z0-9]{0,39})-(\d{8}T\d{6}Z)\.json$/;

/** Reads a manifest. It lies where anybody may have written, so nothing in it is believed before it is looked at. */
export function parseManifest(content: string, fileName: string): Result<Manifest> {
  const parsed = v.safeParse(manifestSchema, readJson(content));
  if (!parsed.success) return refuse(notOne(fileName, place(parsed.issues[0])));
  const stem = fileName.replace(/\.json$/, '');
  const strange = parsed.output.shards.find(({ file }, i) => file !== `${stem}.shard-${i + 1}.rdb.gz`);
  return strange
    ? refuse(notOne(fileName, `a file of the set would be '${strange.file}'`))
    : accept(parsed.output);
}

function readJson(content: string): unknown {
  try {
    return content.length > 1_000_000 ? undefined : JSON.parse(content);
  } catch {
    return undefined;
  }
}

function place(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((item) => String(item.key)).join('.');
  return path ? `'${path}' does not fit` : 'it is no JSON of the right form';
}

function notOne(fileName: string, why: string): Problem {
  return problem(
    'backup/bad-manifest',
    fileName,
    `This does not describe a backup: ${why}.`,
    'Take another set; `create-redis-stack backup --list` shows them.',
  );
}

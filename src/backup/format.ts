import type { StackModel } from '../model/types.ts';
import { type Problem, problem } from '../problem.ts';
import type { Router } from './router.ts';
import type { BackupSet } from './sets.ts';

/** What cannot work between this set and this stack, found before anything is written. */
export async function misfits(
  set: BackupSet,
  model: StackModel,
  target: Router,
): Promise<readonly Problem[]> {
  return [...(await unreadable(set, model, target)), ...databasesMissing(set, model)];
}

/** From here on Valkey counts its own formats; those of Redis from 12 on are strange to it. */
const VALKEY_OWN = 80;
const REDIS_OWN = 12;

/** True where a server whose own format is `own` reads one of `version`. */
export function canRead(own: number, version: number): boolean {
  if (version > own) return false;
  return own < VALKEY_OWN || version < REDIS_OWN || version >= VALKEY_OWN;
}

async function unreadable(
  set: BackupSet,
  { engine }: StackModel,
  target: Router,
): Promise<readonly Problem[]> {
  const own = await formatOf(target);
  const newest = Math.max(...set.manifest.shards.map((shard) => shard.rdbVersion));
  if (set.manifest.shards.every((shard) => canRead(own, shard.rdbVersion))) return [];
  const { engine: name, version } = set.manifest;
  return [
    problem(
      'restore/format-unknown',
      set.name,
      `It was made by ${name} ${version} in format ${newest}, which ${engine.title} ${engine.version} (format ${own}) cannot read.`,
      `Restore it into a stack with ${name} ${version.split('.').slice(0, 2).join('.')} or newer; from there \`migrate\` or the application carries the data on.`,
    ),
  ];
}

/** Every serialized value ends with the version of its format, two bytes, and a checksum of eight. */
async function formatOf(target: Router): Promise<number> {
  const [reply] = await target.send(0, [{ key: Buffer.from('x'), words: ['FUNCTION', 'DUMP'] }]);
  if (!Buffer.isBuffer(reply) || reply.length < 10) throw new Error('FUNCTION DUMP gave no version');
  return reply.readUInt16LE(reply.length - 10);
}

function databasesMissing(set: BackupSet, { spec, joins }: StackModel): readonly Problem[] {
  const used = set.manifest.shards.flatMap(({ databases }) =>
    Object.entries(databases).flatMap(([number, keys]) => (keys > 0 ? Number(number) : [])),
  );
  const highest = Math.max(0, ...used);
  if (highest < spec.databases) return [];
  const remedy = joins
    ? 'Restore it into a standalone or Sentinel stack; a cluster has database 0 only. Or have the application move those keys under a prefix of database 0 first.'
    : `Set databases: ${highest + 1} in redis-stack.yaml, update, and start the stack again.`;
  return [
    problem(
      'restore/databases',
      set.name,
      `It holds keys in database ${highest}, and the stack has ${spec.databases === 1 ? 'database 0 only' : `${spec.databases} databases`}.`,
      remedy,
    ),
  ];
}

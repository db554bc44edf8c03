import type { EngineName } from '../engines/types.ts';
import { asker } from '../redis/ask.ts';
import type { Connection } from '../redis/connection.ts';
import { parseFields } from '../redis/replies.ts';
import { FEATURE_IDS, FEATURES } from '../structures/features.ts';
import type { Feature, Ground } from '../structures/types.ts';

/** What a server says of itself. */
export interface ServerFacts {
  readonly ground: Ground;
  /** Full version. */
  readonly version: string;
  readonly info: Readonly<Record<string, string>>;
}

/** Asks what it is and which structures it knows. What it refuses stays unknown; rejects on a lost connection. */
export async function askServer(connection: Connection, at: string): Promise<ServerFacts> {
  const { ask } = asker(connection, at);
  const info = parseFields((await ask('INFO', 'INFO', 'everything')) ?? '');
  const name: EngineName = info.valkey_version === undefined ? 'redis' : 'valkey';
  const version = info.valkey_version ?? info.redis_version ?? '0.0.0';
  const commands = await ask('commands', 'COMMAND', 'INFO', ...FEATURE_IDS.map((id) => FEATURES[id].command));
  return {
    ground: {
      name,
      title: name === 'redis' ? 'Redis' : 'Valkey',
      version: version.split('.').slice(0, 2).join('.'),
      has: featuresOf(commands),
    },
    version,
    info,
  };
}

function featuresOf(reply: unknown): ReadonlySet<Feature> | undefined {
  if (!Array.isArray(reply)) return undefined;
  return new Set(FEATURE_IDS.filter((_, i) => Array.isArray(reply[i])));
}

/** What a measurement may need at most, with what the server needs for itself meanwhile. */
const ROOM_BYTES = 2 ** 23;

/** Why nothing should be written here; undefined where it may be. */
export function whyNot({ info }: ServerFacts): string | undefined {
  if (info.role === undefined) return 'it does not say whether it is a primary (INFO is refused)';
  if (info.role !== 'master') return 'it is a replica: what is written there is lost or makes it differ';
  if (info.loading === '1') return 'it is still loading';
  const most = Number(info.maxmemory ?? 0);
  const used = Number(info.used_memory ?? 0);
  if (most > 0 && used + ROOM_BYTES > most)
    return `its memory is nearly full (used_memory:${used}, maxmemory:${most})`;
  return undefined;
}

/** The highest of the usual databases that holds no keys, so that its table is ours alone; a cluster has one a slot. */
export function emptyDatabase(info: ServerFacts['info']): number | undefined {
  if (info.cluster_enabled === '1') return undefined;
  return Array.from({ length: 15 }, (_, i) => 15 - i).find((n) => info[`db${n}`] === undefined);
}

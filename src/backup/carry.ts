import { type Problem, ProblemError, problem } from '../problem.ts';
import type { Connection } from '../redis/connection.ts';
import type { KeyCommand, Router } from './router.ts';
import type { Scratch } from './scratch.ts';

/** What became of the keys of one shard. */
export interface Carried {
  readonly written: number;
  /** Keys that were there already and were left as they are. */
  readonly kept: number;
  /** Keys whose time was over before they could be written. */
  readonly expired: number;
  /** Among the written, those that will run out. */
  readonly withExpiry: number;
  readonly failed: number;
  /** What the servers said of the first few that failed, with the key. */
  readonly complaints: readonly string[];
}

export interface CarryOptions {
  readonly scratch: Scratch;
  readonly target: Router;
  readonly replace: boolean;
  readonly onProgress: (keys: number) => void;
}

/** Values are fetched in groups that end once they are so large; two groups are held at a time. */
const GROUP_BYTES = 4 * 1024 * 1024;
const GROUP_KEYS = 2000;
const MOST_COMPLAINTS = 5;

/** Writes every key of the scratch server to whoever is responsible for it in the stack. */
export async function carryKeys(options: CarryOptions): Promise<Carried> {
  const total = { written: 0, kept: 0, expired: 0, withExpiry: 0, failed: 0, complaints: [] as string[] };
  // The next group is fetched while the one before it is being written.
  let writing = Promise.resolve();
  try {
    for await (const group of groups(options.scratch)) {
      await writing;
      writing = writeGroup(options, group, total);
      // Looked at in the next round; without a listener a failure meanwhile would end the process.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
  return total;
}

interface Entry {
  readonly key: Buffer;
  readonly payload: Buffer;
  /** Milliseconds since 1970; 0 where it does not run out. */
  readonly expiresAt: number;
}

interface Group {
  readonly database: number;
  readonly entries: readonly Entry[];
  /** Keys that ran out while they were being read. */
  readonly gone: number;
}

async function* groups({ connection, databases }: Scratch): AsyncGenerator<Group> {
  for (const database of databases) {
    await connection.call('SELECT', String(database));
    for await (const keys of scan(connection)) {
      for (let done = 0; done < keys.length; ) {
        const { group, looked } = await fetch(connection, database, keys.slice(done));
        yield group;
        done += looked;
      }
    }
  }
}

async function* scan(connection: Connection): AsyncGenerator<readonly Buffer[]> {
  let cursor = '0';
  do {
    const [reply] = await connection.batch([['SCAN', cursor, 'COUNT', String(GROUP_KEYS)]]);
    if (reply instanceof Error) throw reply;
    const [next, keys] = reply as [Buffer, Buffer[]];
    cursor = next.toString();
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}

/** Values and times of expiry of many keys in one answer, which stops once it is large. */
const FETCH = `
local found, bytes = {}, 0
for _, key in ipairs(KEYS) do
  local value = redis.call('DUMP', key)
  found[#found + 1] = value
  found[#found + 1] = redis.call('PEXPIRETIME', key)
  if value then bytes = bytes + #value end
  if bytes > tonumber(ARGV[1]) then break end
end
return found`;

async function fetch(
  connection: Connection,
  database: number,
  keys: readonly Buffer[],
): Promise<{ readonly group: Group; readonly looked: number }> {
  const [reply] = await connection.batch([
    ['EVAL', FETCH, String(keys.length), ...keys, String(GROUP_BYTES)],
  ]);
  if (!Array.isArray(reply)) throw reply;
  const looked = reply.length / 2;
  const entries = keys.slice(0, looked).flatMap((key, i): Entry[] => {
    const payload: unknown = reply[2 * i];
    if (!Buffer.isBuffer(payload)) return [];
    return [{ key, payload, expiresAt: Math.max(0, Number(reply[2 * i + 1])) }];
  });
  return { group: { database, entries, gone: looked - entries.length }, looked };
}

type Total = { -readonly [K in keyof Carried]: K extends 'complaints' ? string[] : Carried[K] };

async function writeGroup(
  { target, replace, onProgress }: CarryOptions,
  group: Group,
  total: Total,
): Promise<void> {
  const now = Date.now();
  const entries = group.entries.filter((e) => e.expiresAt === 0 || e.expiresAt > now);
  total.expired += group.gone + group.entries.length - entries.length;
  const replies = await target.send(
    group.database,
    entries.map((entry) => restoreCommand(entry, replace)),
  );
  for (const [i, entry] of entries.entries()) count(total, entry, replies[i]);
  onProgress(total.written + total.kept + total.expired + total.failed);
}

function restoreCommand({ key, payload, expiresAt }: Entry, replace: boolean): KeyCommand {
  const words = ['RESTORE', key, String(expiresAt), payload, 'ABSTTL'];
  return { key, words: replace ? [...words, 'REPLACE'] : words };
}

function count(total: Total, { key, expiresAt }: Entry, reply: unknown): void {
  if (!(reply instanceof Error)) {
    total.written++;
    if (expiresAt > 0) total.withExpiry++;
  } else if (reply.message.startsWith('BUSYKEY')) total.kept++;
  else if (reply.message.startsWith('OOM')) throw new ProblemError(full());
  else {
    total.failed++;
    if (total.complaints.length < MOST_COMPLAINTS) total.complaints.push(`${show(key)}: ${reply.message}`);
  }
}

function full(): Problem {
  return problem(
    'restore/out-of-memory',
    'memory.limit',
    'The stack is full before everything is back; what was written stays.',
    'Give it more memory (create-redis-stack update --memory …, then --live), and go on with restore --add.',
  );
}

/** A key as a person can read it. */
export function show(key: Buffer): string {
  return JSON.stringify(key.toString('latin1').slice(0, 80));
}

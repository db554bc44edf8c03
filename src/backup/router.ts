import { setTimeout as sleep } from 'node:timers/promises';
import type { StackModel, StackNode } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Credentials, Words } from '../redis/connection.ts';
import { Connections } from './connections.ts';
import { findOwners, type Ownership } from './owners.ts';

/** A command about one key. */
export interface KeyCommand {
  readonly key: Buffer;
  readonly words: Words;
}

/** Sends commands to whoever is responsible for their keys, wherever that moves meanwhile. */
export interface Router {
  /** The reply to each, in order; an Error where that is the reply. Rejects when nobody takes them within a minute. */
  readonly send: (database: number, commands: readonly KeyCommand[]) => Promise<readonly unknown[]>;
  /** The same question to every primary. */
  readonly everyPrimary: (...words: readonly string[]) => Promise<readonly unknown[]>;
  readonly close: () => void;
}

const PATIENCE_MS = 60_000;

/** Replies that another node, or the same one later, answers otherwise. */
const TRY_AGAIN = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|READONLY|NOREPLICAS|UNBLOCKED)\b/;

/** `placed` as this machine reaches it; `credentials` must be allowed to do what is sent. */
export async function openRouter(placed: StackModel, credentials: Credentials): Promise<Router> {
  const connections = new Connections(credentials);
  const find = () => findOwners(placed, connections);
  let owners = await find();
  const send = async (database: number, commands: readonly KeyCommand[]): Promise<readonly unknown[]> => {
    const replies: unknown[] = new Array(commands.length);
    let open = commands.map((_, index) => index);
    for (const end = Date.now() + PATIENCE_MS; open.length > 0; ) {
      const asked = open;
      for (const index of asked) replies[index] = new Lost('nobody owns its slot');
      await Promise.all(
        byOwner(commands, asked, owners).map(([node, indexes]) =>
          ask({ connections, node, database, commands, indexes, replies }),
        ),
      );
      await followAsks({ connections, placed, database, commands, indexes: asked, replies });
      open = asked.filter((index) => isTransient(replies[index]));
      if (open.length === 0) break;
      if (Date.now() > end) throw new ProblemError(nobody(replies[open[0] ?? 0]));
      await sleep(100);
      owners = await find().catch(() => owners);
    }
    return replies;
  };
  return {
    send,
    everyPrimary: (...words) =>
      Promise.all(owners.primaries.map(async (node) => (await connections.to(node, 0)).call(...words))),
    close: () => connections.close(),
  };
}

function nobody(reply: unknown) {
  return problem(
    'backup/nobody-answers',
    'the stack',
    `For a minute no node took what was sent: ${reply instanceof Error ? reply.message : 'no answer'}`,
    'Look at `create-redis-stack status`, then run it again with --add: what is there already is kept.',
  );
}

/** A lost connection, and what TRY_AGAIN lists. */
function isTransient(reply: unknown): boolean {
  return reply instanceof Lost || (reply instanceof Error && TRY_AGAIN.test(reply.message));
}

class Lost extends Error {}

type Groups = readonly (readonly [StackNode, readonly number[]])[];

function byOwner(commands: readonly KeyCommand[], open: readonly number[], owners: Ownership): Groups {
  const groups = new Map<StackNode, number[]>();
  for (const index of open) {
    const command = commands[index];
    const owner = command && owners.ownerOf(command.key);
    if (!owner) continue;
    const group = groups.get(owner);
    if (group) group.push(index);
    else groups.set(owner, [index]);
  }
  return [...groups];
}

interface Asking {
  readonly connections: Connections;
  readonly database: number;
  readonly commands: readonly KeyCommand[];
  readonly indexes: readonly number[];
  readonly replies: unknown[];
}

async function ask({
  connections,
  node,
  database,
  commands,
  indexes,
  replies,
}: Asking & { node: StackNode }) {
  for (const index of indexes) replies[index] = new Lost(`${node.name} was lost`);
  try {
    const connection = await connections.to(node, database);
    const answers = await connection.batch(indexes.map((index) => commands[index]?.words ?? []));
    for (const [i, index] of indexes.entries()) replies[index] = answers[i];
  } catch {
    connections.forget(node);
  }
}

/** A key that is on its way to another node is taken there, after ASKING. */
async function followAsks({
  placed,
  connections,
  commands,
  indexes,
  replies,
}: Asking & { placed: StackModel }) {
  for (const index of indexes) {
    const reply = replies[index];
    const port = reply instanceof Error ? Number(/^ASK \d+ .*:(\d+)$/.exec(reply.message)?.[1]) : Number.NaN;
    const node = placed.nodes.find((one) => one.port === port);
    if (!node) continue;
    const connection = await connections.to(node, 0);
    replies[index] = (await connection.batch([['ASKING'], commands[index]?.words ?? []]))[1];
  }
}

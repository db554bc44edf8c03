import { type Connection, type Credentials, openConnection, type Words } from '../../redis/connection.ts';
import type { ClusterMember } from './types.ts';

/** A server said no. The message is what it said. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** A server did not answer: it is down, cut off, or busy for too long. */
export class LostNode extends Error {
  override readonly name = 'LostNode';

  constructor(member: ClusterMember, cause: unknown) {
    super(`${member.name} does not answer: ${(cause as Error).message}`, { cause });
  }
}

const LANES = 16;

/** One connection for each server, opened when it is needed and again after it was lost. */
export class Links {
  readonly #credentials: Credentials;
  readonly #deadlineMs: number;
  readonly #open = new Map<string, Promise<Connection>>();

  /** `deadlineMs`: how long a server may take to answer before it counts as lost. */
  constructor(credentials: Credentials, deadlineMs: number) {
    this.#credentials = credentials;
    this.#deadlineMs = deadlineMs;
  }

  /** The reply, texts as bytes. Rejects with a Refusal or with a LostNode. */
  async call(member: ClusterMember, ...words: Words): Promise<unknown> {
    const [reply] = await this.batch(member, [words]);
    if (reply instanceof Error) throw new Refusal(reply.message, { cause: reply });
    return reply;
  }

  /** Replies in order, texts as bytes, an Error where that is the reply. Rejects with a LostNode. */
  batch(member: ClusterMember, commands: readonly Words[]): Promise<readonly unknown[]> {
    return this.#batch(member, commands, 0);
  }

  async #batch(member: ClusterMember, commands: readonly Words[], lane: number): Promise<readonly unknown[]> {
    const name = `${member.id}/${lane}`;
    try {
      return await (await this.#to(member, name)).batch(commands);
    } catch (error) {
      this.#forget(name);
      throw new LostNode(member, error);
    }
  }

  /**
   * As `batch`, over several connections at once and so in no order: for commands of which each waits before the next one of
   * its connection is served.
   */
  async spread(member: ClusterMember, commands: readonly Words[]): Promise<readonly unknown[]> {
    const lanes = Math.min(LANES, commands.length);
    const replies = await Promise.all(
      Array.from({ length: lanes }, (_, lane) =>
        this.#batch(
          member,
          commands.filter((_, i) => i % lanes === lane),
          lane,
        ),
      ),
    );
    return commands.map((_, i) => replies[i % lanes]?.[Math.floor(i / lanes)]);
  }

  /** As `batch`, over a connection of its own: for what may take long. */
  async once(
    member: ClusterMember,
    commands: readonly Words[],
    deadlineMs: number,
  ): Promise<readonly unknown[]> {
    try {
      const connection = await openConnection(member.at, this.#credentials, deadlineMs);
      return await connection.batch(commands).finally(connection.close);
    } catch (error) {
      throw new LostNode(member, error);
    }
  }

  close(): void {
    for (const opening of this.#open.values()) opening.then((c) => c.close()).catch(() => undefined);
    this.#open.clear();
  }

  #to({ at }: ClusterMember, name: string): Promise<Connection> {
    const known = this.#open.get(name);
    if (known) return known;
    const opening = openConnection(at, this.#credentials, this.#deadlineMs);
    this.#open.set(name, opening);
    return opening;
  }

  #forget(name: string): void {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    opening?.then((c) => c.close()).catch(() => undefined);
  }
}

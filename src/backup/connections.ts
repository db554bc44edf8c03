import type { StackNode } from '../model/types.ts';
import { type Connection, type Credentials, openConnection } from '../redis/connection.ts';

const ANSWER_MS = 60_000;

/** One connection for each node and database. */
export class Connections {
  readonly #credentials: Credentials;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  to(node: StackNode, database: number): Promise<Connection> {
    const name = `${node.port}/${database}`;
    const known = this.#open.get(name);
    if (known) return known;
    const opening = this.#connect(node, database);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  async #connect(node: StackNode, database: number): Promise<Connection> {
    const connection = await openConnection({ host: node.ip, port: node.port }, this.#credentials, ANSWER_MS);
    if (database !== 0) await connection.call('SELECT', String(database));
    return connection;
  }

  forget(node: StackNode): void {
    for (const [name, opening] of this.#open) {
      if (!name.startsWith(`${node.port}/`)) continue;
      this.#open.delete(name);
      opening.then((connection) => connection.close()).catch(() => undefined);
    }
  }

  close(): void {
    for (const opening of this.#open.values()) opening.then((c) => c.close()).catch(() => undefined);
    this.#open.clear();
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, type Credentials, withConnection } from '../../src/redis/connection.ts';
import type { NodeRow, Stack } from './stack.ts';

/** Name and password of a user of a stack, as everything that logs in reads them: the first line of the secret file. */
export function loginOf(stack: Pick<Stack, 'dir'>, username: string): Credentials {
  const [password = ''] = readFileSync(join(stack.dir, '.secrets', username), 'utf8').split('\n');
  return { username, password };
}

/** Asks a node as a user; rejects with what the node says. */
export function asUser(
  stack: Pick<Stack, 'dir'>,
  node: Pick<NodeRow, 'host' | 'port'>,
  user: string,
  ...words: readonly string[]
): Promise<unknown> {
  return withConnection(node, loginOf(stack, user), (c: Connection) => c.call(...words));
}

import { afterEach } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.ts';
import { type ExamineOptions, examine } from '../../src/doctor/look/index.ts';
import type { Diagnosis, Finding } from '../../src/doctor/types.ts';
import type { Credentials, Words } from '../../src/redis/connection.ts';
import { openConnection } from '../../src/redis/connection.ts';
import type { Engine } from '../support/engines.ts';
import { type Server, startServer } from '../support/servers.ts';

/** What is ended after each test, last first. */
const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** Ends it after the test. */
export function ended<T extends { stop(): Promise<void> }>(group: T): T {
  ending.push(() => group.stop());
  return group;
}

export const ANYONE: Credentials = { username: 'default', password: '' };

export async function server(engine: Engine, ...directives: readonly (readonly string[])[]): Promise<Server> {
  const started = await startServer({ engine, directives });
  ending.push(() => started.dispose());
  return started;
}

/** Many commands in one go; rejects on the first error reply. */
export async function give({ port }: Pick<Server, 'port'>, commands: readonly Words[]): Promise<void> {
  const connection = await openConnection({ host: '127.0.0.1', port }, ANYONE, 30_000);
  try {
    const replies = await connection.batch(commands);
    const error = replies.find((reply) => reply instanceof Error);
    if (error) throw error;
  } finally {
    connection.close();
  }
}

/** What the doctor says of servers on loopback; no key is looked at where `keys` is left out. */
export async function diagnosed(
  servers: readonly Pick<Server, 'port'>[],
  options: ExamineOptions & { readonly credentials?: Credentials } = {},
): Promise<Diagnosis> {
  const addresses = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  const { credentials = ANYONE, ...more } = options;
  const asked = `redis://127.0.0.1:${addresses[0]?.port}`;
  return diagnose(await examine({ asked, addresses, credentials }, { keys: 0, betweenMs: 300, ...more }));
}

/** The first finding of a rule; fails with the list of all that were found. */
export function found({ findings }: Diagnosis, id: string): Finding {
  const one = findings.find((finding) => finding.id === id);
  if (!one)
    throw new Error(`no ${id} among ${findings.map((finding) => finding.id).join(', ') || 'nothing'}`);
  return one;
}

export const ids = ({ findings }: Diagnosis): readonly string[] => findings.map(({ id }) => id);

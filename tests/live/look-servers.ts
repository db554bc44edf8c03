import { afterEach } from 'vitest';
import { type Finding, obstacles, type SourceFacts, survey } from '../../src/migrate/look/index.ts';
import { buildModel } from '../../src/model/build.ts';
import type { StackModel } from '../../src/model/types.ts';
import { expectValue } from '../../src/problem.ts';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';
import { type Engine, engine } from '../support/engines.ts';
import { type Server, startServer } from '../support/servers.ts';

/** What is ended after each test, last first. */
export const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

export const OLD = engine('redis', '7.0');
export const ANYONE = { username: 'default', password: '' };
export const at = ({ port }: Pick<Server, 'port'>) => ({ host: '127.0.0.1', port });

export async function server(
  one: Engine = OLD,
  ...directives: readonly (readonly string[])[]
): Promise<Server> {
  const started = await startServer({ engine: one, directives });
  ending.push(() => started.dispose());
  return started;
}

export async function connected(to: Server): Promise<Connection> {
  const connection = await openConnection(at(to), ANYONE);
  ending.push(() => connection.close());
  return connection;
}

export const model = (input: SpecInput): StackModel =>
  buildModel(expectValue(parseSpec({ engine: { name: 'redis', version: '7.0' }, ...input }, 'shop')).spec);

const CLUSTER = model({ topology: { kind: 'cluster' } });

export const look = (...servers: readonly Pick<Server, 'port'>[]): Promise<SourceFacts> =>
  survey(servers.map(at), ANYONE, { betweenMs: 100 });

export const against = (facts: SourceFacts, after: StackModel = CLUSTER): readonly Finding[] =>
  obstacles(facts, undefined, after, { ground: 'native', foreign: true });

export const found = (facts: SourceFacts, id: string, after?: StackModel): Finding => {
  const all = against(facts, after);
  const one = all.find((finding) => finding.id === id);
  if (!one) throw new Error(`no ${id} among ${all.map((finding) => finding.id).join(', ') || 'nothing'}`);
  return one;
};

export const ids = (facts: SourceFacts, after?: StackModel): readonly string[] =>
  against(facts, after).map(({ id }) => id);

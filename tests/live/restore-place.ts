import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRouter, type Router } from '../../src/backup/router.ts';
import { observe } from '../../src/local/observe.ts';
import { placeOnLoopback } from '../../src/local/place.ts';
import { dataNodes } from '../../src/model/build.ts';
import { backupEnvironment } from '../../src/model/environment.ts';
import type { Engine } from '../support/engines.ts';
import { openModel, passwordIn } from '../support/open-model.ts';
import { until } from '../support/until.ts';
import { createScriptStack, type ScriptStack } from './script-stack.ts';
import { createStack } from './stack.ts';

export type Environment = Readonly<Record<string, string>>;

/** A running stack, as backup.sh, restore.sh and a test reach it. */
export interface Place {
  readonly engine: Engine;
  readonly dir: string;
  readonly keys: Router;
  /** Where its nodes are, and whom to trust. */
  readonly environment: Environment;
  /** Kills a node that was started by a script, as a crash would. */
  readonly kill?: (name: string) => Promise<unknown>;
  readonly dispose: () => Promise<void>;
}

/** A stack of start-node.sh and form-cluster.sh alone; a cluster notices a loss after 3 s. */
export async function byScripts(
  engine: Engine,
  kind: 'standalone' | 'sentinel' | 'cluster',
  databases = 1,
): Promise<Place> {
  const stack = await createScriptStack(engine, kind);
  const { dir, model } = stack;
  const more = kind === 'cluster' ? 'cluster-node-timeout 3000' : `databases ${databases}`;
  appendFileSync(join(dir, 'conf/redis.conf'), `\n${more}\n`);
  for (const { name } of model.nodes) stack.start(name);
  if (kind === 'cluster') await stack.join();
  await until('the stack is whole', () => isWhole(stack), { timeoutMs: 40_000 });
  return {
    engine,
    dir,
    keys: await openRouter(model, admin(dir)),
    environment: {
      ...backupEnvironment(model),
      ...reached(dataNodes(model.nodes).map(({ ip, port }) => `${ip}:${port}`)),
    },
    kill: (name) => stack.stop(name, 'SIGKILL'),
    dispose: () => stack.dispose(),
  };
}

const admin = (dir: string) => ({ username: 'admin', password: passwordIn(dir, 'admin') });

const isWhole = async ({ dir, model }: ScriptStack) =>
  (await observe({ model, credentials: admin(dir) })).missing.length === 0;

/** A cluster that speaks TLS, as a user would bring it up. */
export async function clusterWithTls(engine: Engine): Promise<Place> {
  const flags = ['--topology', 'cluster', '--shards', '3', '--replicas', '0', '--memory', '256Mi'];
  const stack = await createStack(engine, '--tls', ...flags);
  await stack.up();
  const { nodes } = await stack.status();
  const ca = join(stack.dir, '.secrets/tls/ca.crt');
  const ports = new Map(nodes.map(({ name, port }) => [name, { port }]));
  const keys = await openRouter(placeOnLoopback(openModel(stack.dir), ports), {
    ...admin(stack.dir),
    tls: { ca: readFileSync(ca, 'utf8') },
  });
  return {
    engine,
    dir: stack.dir,
    keys,
    environment: {
      STACK_ENGINE: engine.name,
      STACK_TOPOLOGY: 'cluster',
      STACK_TLS_CA: ca,
      ...reached(nodes.map(({ host, port }) => `${host}:${port}`)),
    },
    dispose: () => stack.dispose(),
  };
}

const reached = (nodes: readonly string[]): Environment => ({
  STACK_BACKUP_FROM: nodes.join(' '),
  STACK_RESTORE_TO: nodes.join(' '),
});

/** What the arguments of processes gave away: how often a client that writes keys was seen, and lines that hold a password. */
export interface Seen {
  readonly clients: number;
  readonly shown: readonly string[];
}

/** Looks at the arguments of all processes, until the answer is asked for. */
export function watchArguments({ dir }: Place): () => Seen {
  const users = readdirSync(join(dir, '.secrets'));
  const passwords = users.map((user) => passwordIn(dir, user));
  const shown = new Set<string>();
  let clients = 0;
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const line = argumentsOf(pid);
      if (line.includes('-cli') && line.includes('--pipe')) clients++;
      if (passwords.some((password) => line.includes(password))) shown.add(line);
    }
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return { clients, shown: [...shown] };
  };
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

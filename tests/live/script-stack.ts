import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { placeOnLoopback } from '../../src/local/place.ts';
import { joinEnvironment, nodeEnvironment } from '../../src/model/environment.ts';
import type { StackModel, StackNode } from '../../src/model/types.ts';
import { generate } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { type Connection, openConnection } from '../../src/redis/connection.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { Engine } from '../support/engines.ts';
import { passwordIn } from '../support/open-model.ts';
import { freePorts } from '../support/ports.ts';
import { hasEnded, signalGroup } from '../support/process.ts';

export interface Ended {
  readonly code: number | null;
  readonly log: string;
}

/** The scripts of a stack, run by hand: each node by start-node.sh alone, at any loopback address and in any shell. */
export interface ScriptStack {
  readonly dir: string;
  readonly model: StackModel;
  /** The same nodes with other addresses, as after a new subnet. Those that run stay where they are. */
  move(ip: string): void;
  node(name: string): StackNode;
  folder(name: string): string;
  environment(name: string, more?: Environment): Environment;
  start(name: string, more?: Environment, shell?: readonly string[]): ChildProcess;
  /** Ends a node in order, waits, and gives its exit code and its log since it started. */
  stop(name: string, signal?: NodeJS.Signals): Promise<Ended>;
  ended(name: string): Promise<Ended>;
  log(name: string): string;
  script(name: string, script: string, more?: Environment): Promise<Ended>;
  join(): Promise<void>;
  connect(name: string, user?: string): Promise<Connection>;
  /** The environment of an application. */
  readonly app: Environment;
  dispose(): Promise<void>;
}

export type Environment = Readonly<Record<string, string>>;

/** With snapshots, so that there is something to come back to. */
export async function createScriptStack(
  engine: Engine,
  kind: 'standalone' | 'sentinel' | 'cluster',
): Promise<ScriptStack> {
  const dir = mkdtempSync(join(tmpdir(), 'stack-'));
  const base = write(dir, engine, kind);
  const ports = await freePorts(base.nodes.length);
  const places = new Map(
    base.nodes.map(({ name, busPort }, i) => {
      const port = ports[i] ?? 0;
      return [name, busPort === undefined ? { port } : { port, busPort: port + 10_000 }];
    }),
  );
  let model = placeOnLoopback(base, places);
  const running = new Map<string, ChildProcess>();
  const path = [engine.bin, process.env.PATH].join(delimiter);

  const node = (name: string): StackNode => {
    const found = model.nodes.find((one) => one.name === name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  };
  const folder = (name: string) => join(dir, 'by-hand', name);
  const environment = (name: string, more: Environment = {}): Environment => ({
    PATH: path,
    ...nodeEnvironment(model, node(name)),
    STACK_BIND: node(name).ip,
    STACK_RUN: join(folder(name), 'conf'),
    STACK_DATA: join(folder(name), 'data'),
    STACK_SECRETS: join(dir, '.secrets'),
    STACK_WAIT: '20',
    ...more,
  });
  const log = (name: string) => {
    const file = join(folder(name), 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const ended = async (name: string): Promise<Ended> => {
    const child = running.get(name);
    if (!child) throw new Error(`${name} was not started`);
    if (!hasEnded(child)) await once(child, 'exit');
    return { code: child.exitCode, log: log(name) };
  };
  const run = async (script: string, env: Environment): Promise<Ended> => {
    const { exitCode, stderr } = await execa('sh', [join(dir, 'conf/scripts', script)], {
      env,
      extendEnv: false,
      reject: false,
      timeout: 60_000,
    });
    return { code: exitCode ?? null, log: stderr };
  };

  return {
    dir,
    get model() {
      return model;
    },
    move(ip) {
      model = { ...model, nodes: model.nodes.map((one) => ({ ...one, ip })) };
    },
    node,
    folder,
    environment,
    start(name, more = {}, shell = ['sh']) {
      mkdirSync(folder(name), { recursive: true });
      rmSync(join(folder(name), 'log'), { force: true });
      const output = openSync(join(folder(name), 'log'), 'a');
      const [file = 'sh', ...words] = shell;
      // A group of its own, so that a server does not outlive the shell before it.
      const child = spawn(file, [...words, join(dir, 'conf/scripts/start-node.sh')], {
        cwd: folder(name),
        env: environment(name, more),
        detached: true,
        stdio: ['ignore', output, output],
      });
      closeSync(output);
      running.set(name, child);
      return child;
    },
    async stop(name, signal = 'SIGTERM') {
      running.get(name)?.kill(signal);
      return ended(name);
    },
    ended,
    log,
    script: (name, script, more = {}) => run(script, environment(name, more)),
    async join() {
      const { code, log: said } = await run('form-cluster.sh', {
        PATH: path,
        ...joinEnvironment(model),
        STACK_SECRETS: join(dir, '.secrets'),
        STACK_WAIT: '30',
      });
      if (code !== 0) throw new Error(said);
    },
    connect: (name, user = 'admin') =>
      openConnection(
        { host: node(name).ip, port: node(name).port },
        { username: user, password: passwordIn(dir, user) },
      ),
    get app() {
      const entries = model.nodes.filter((one) => (model.sentinel ? one.role === 'sentinel' : true));
      return {
        REDIS_APP_PASSWORD: passwordIn(dir, 'app'),
        REDIS_ADDRESSES: entries.map(({ ip, port }) => `${ip}:${port}`).join(','),
      };
    },
    async dispose() {
      for (const child of running.values()) {
        signalGroup(child, 'SIGKILL');
        if (!hasEnded(child)) await once(child, 'exit');
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The files that the scripts need, with passwords. */
function write(dir: string, engine: Engine, kind: string): StackModel {
  const input = {
    engine: { name: engine.name, version: engine.line },
    topology: { kind },
    persistence: { mode: 'rdb' },
  };
  const { model, files } = generate(expectValue(parseSpec(input, 'shop')).spec);
  for (const { path, text } of files.filter((file) => file.path.startsWith('conf/'))) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  mkdirSync(join(dir, '.secrets'));
  for (const { name } of [...model.users, ...(model.sentinel?.users ?? [])])
    writeFileSync(join(dir, '.secrets', name), `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  return model;
}

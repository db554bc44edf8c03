import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEngine } from '../local/engine.ts';
import { anyPort } from '../local/ports.ts';
import { identify, isRunning, launch, terminate } from '../local/process.ts';
import { ProblemError, problem } from '../problem.ts';
import { type Connection, type Credentials, openConnection } from '../redis/connection.ts';
import { inside } from '../workspace/paths.ts';
import { makePassword } from '../workspace/secrets.ts';
import type { CheckContext } from './types.ts';

/** A server that runs with the stack's own configuration, on scratch data, a free port and scratch passwords. */
export interface ScratchServer {
  readonly port: number;
  readonly connection: Connection;
}

export interface Scratch {
  /** Starts a server through start-node.sh; rejects with the end of its log when it does not come up. */
  readonly start: (
    kind: 'data' | 'sentinel',
    settings?: Readonly<Record<string, string>>,
  ) => Promise<ScratchServer>;
  /** What the servers said, in full. */
  readonly log: () => string;
}

/** Gives a place to try servers in, and leaves neither process nor file behind. */
export async function withScratch<T>(
  context: CheckContext,
  use: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-stack-check-'));
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    await findEngine(context.model.engine, context.system.env);
    const login = { username: 'admin', password: writePasswords(context, folder) };
    const tls = context.model.spec.security.tls ? await makeScratchCertificates(context, folder) : undefined;
    const credentials = tls ? { ...login, tls: { ca: tls.ca } } : login;
    const given = { context, folder, credentials, cleanups, certificates: tls?.environment ?? {} };
    return await use({
      start: (kind, settings = {}) => startServer({ ...given, kind, settings }),
      log: () => context.system.files.read(`${folder}/log`) ?? '',
    });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One password for every user that the user files name; the stack's own secrets stay where they are. */
function writePasswords({ system, root }: CheckContext, folder: string): string {
  const password = makePassword(system.randomBytes);
  const texts = ['conf/users.acl', 'conf/sentinel-users.acl'].map(
    (path) => system.files.read(inside(root, path)) ?? '',
  );
  const names = texts.join('\n').matchAll(/^user ([^\s/]+) /gm);
  for (const [, name] of names) system.files.write(`${folder}/secrets/${name}`, password, 0o600);
  for (const name of ['replication', 'sentinel', 'probe'])
    system.files.write(`${folder}/secrets/${name}`, password, 0o600);
  return password;
}

/** An authority for these servers alone: the stack's own key is not there where version control was cloned. */
async function makeScratchCertificates({ system }: CheckContext, folder: string) {
  const { issueCertificate, makeAuthority } = await import('../certificates/index.ts');
  const context = { now: new Date(), randomBytes: system.randomBytes };
  const authority = await makeAuthority('scratch', context);
  const names = { dns: ['localhost'], ip: ['127.0.0.1', '::1'] };
  const pair = await issueCertificate(authority, 'scratch', names, context);
  const environment = {
    STACK_TLS_CA: `${folder}/tls/ca.crt`,
    STACK_TLS_CERT: `${folder}/tls/node.crt`,
    STACK_TLS_KEY: `${folder}/tls/node.key`,
  };
  system.files.write(environment.STACK_TLS_CA, authority.certificate, 0o600);
  system.files.write(environment.STACK_TLS_CERT, pair.certificate, 0o600);
  system.files.write(environment.STACK_TLS_KEY, pair.key, 0o600);
  return { ca: authority.certificate, environment };
}

interface Start {
  readonly context: CheckContext;
  readonly folder: string;
  readonly credentials: Credentials;
  readonly certificates: Readonly<Record<string, string>>;
  readonly cleanups: (() => Promise<unknown>)[];
  readonly kind: 'data' | 'sentinel';
  readonly settings: Readonly<Record<string, string>>;
}

async function startServer({
  context,
  folder,
  credentials,
  certificates,
  cleanups,
  kind,
  settings,
}: Start): Promise<ScratchServer> {
  const { system, root, model } = context;
  const port = await anyPort(new Set());
  const bus = model.joins ? { STACK_BUS_PORT: String(await anyPort(new Set([port]))) } : {};
  const own = `${folder}/${kind}`;
  system.files.makeDirectory(own, 0o700);
  const pid = await launch({
    file: 'sh',
    args: [inside(root, 'conf/scripts/start-node.sh')],
    cwd: own,
    log: `${folder}/log`,
    env: {
      PATH: system.env.PATH,
      STACK_KIND: kind,
      STACK_SERVER: model.engine.server,
      STACK_CLI: model.engine.cli,
      STACK_PORT: String(port),
      STACK_ADDRESS: '127.0.0.1',
      STACK_BIND: '127.0.0.1',
      STACK_RUN: `${own}/conf`,
      STACK_DATA: `${own}/data`,
      STACK_SECRETS: `${folder}/secrets`,
      ...bus,
      ...certificates,
      ...settings,
    },
  });
  const running = { pid, identity: (await identify(pid)) ?? 'gone' };
  cleanups.push(() => end(running));
  const connection = await connectWhenUp(context, { port, running, folder, credentials });
  cleanups.push(async () => connection.close());
  return { port, connection };
}

/** A scratch server holds nothing worth a save, so it may be killed when it is slow to end. */
async function end(running: { readonly pid: number; readonly identity: string }): Promise<void> {
  if (await terminate(running, 3000)) return;
  if (await isRunning(running)) process.kill(running.pid, 'SIGKILL');
}

interface Attempt {
  readonly port: number;
  readonly running: { readonly pid: number; readonly identity: string };
  readonly folder: string;
  readonly credentials: Credentials;
}

async function connectWhenUp(
  { system }: CheckContext,
  { port, running, folder, credentials }: Attempt,
): Promise<Connection> {
  const until = Date.now() + 15_000;
  for (;;) {
    try {
      return await openConnection({ host: '127.0.0.1', port }, credentials);
    } catch (cause) {
      if ((await isRunning(running)) && Date.now() < until) {
        await sleep(50);
        continue;
      }
      const detail = (system.files.read(`${folder}/log`) ?? String(cause)).trimEnd().split('\n').slice(-6);
      const refused = problem(
        'server/refused',
        'conf/',
        'The server did not start with this configuration. The end of its log:',
        'Mend the line that the log names.',
      );
      throw new ProblemError({ ...refused, detail });
    }
  }
}

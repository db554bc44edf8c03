import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distribution } from './apt.mjs';
import { cacheFolder } from './catalog.mjs';
import { reason, run } from './run.mjs';

/** A Docker engine for tests: `env` is what a program needs to find it, `close` ends it where it was started here. */
/** @typedef {{ env: Record<string, string>, close: () => Promise<void> }} DockerEngine */

const START_MS = 60_000;
const STOP_MS = 60_000;

/** Kept between runs, so that images are built once. */
const home = () => join(cacheFolder(), '..', 'docker');

/**
 * The engine that answers; where none does, and this is root on Debian, one is installed and started.
 * @returns {Promise<DockerEngine>}
 */
export async function openDocker() {
  const present = process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {};
  if (await answers(present)) return { env: present, close: async () => undefined };
  const left = await leftRunning();
  if (left) return left;
  const { id } = await distribution();
  if (id !== 'debian' || process.getuid?.() !== 0) {
    throw new Error('No Docker engine answers. Start one; as root on Debian the tests bring their own.');
  }
  await installDocker();
  return startEngine();
}

async function installDocker() {
  if (await succeeds('dockerd', ['--version'])) return;
  console.log('Installing docker.io for the tests...');
  const install = ['install', '-y', '--no-install-recommends', 'docker.io', 'iptables'];
  await run('apt-get', ['update'], { timeoutMs: 180_000 });
  // The service is not started with it: ours is ended after the tests.
  await run('apt-get', install, { timeoutMs: 600_000, env: { RUNLEVEL: '1' } });
}

/** @returns {Promise<DockerEngine>} */
async function startEngine() {
  await mkdir(home(), { recursive: true });
  // Sockets have short names only, and several are made below this folder.
  const folder = await mkdtemp(join(tmpdir(), 'docker-'));
  const socket = join(folder, 'docker.sock');
  const log = openSync(join(home(), 'dockerd.log'), 'w');
  const args = ['--data-root', join(home(), 'data'), '--exec-root', join(folder, 'exec')];
  const own = ['--pidfile', join(folder, 'pid'), '--host', `unix://${socket}`];
  const child = spawn('dockerd', [...args, ...own], { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
  const env = { DOCKER_HOST: `unix://${socket}` };
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('dockerd ended at once')));
  try {
    await Promise.race([untilAnswers(env), ended]);
  } catch (cause) {
    if (child.pid !== undefined) await end(child.pid);
    const said = await readFile(join(home(), 'dockerd.log'), 'utf8').catch(() => '');
    throw new Error(`dockerd does not start: ${reason(cause)}\n${said.slice(-2000)}`, { cause });
  } finally {
    ended.catch(() => undefined);
  }
  await writeFile(record(), JSON.stringify({ pid: child.pid, folder }));
  return started(child.pid ?? 0, folder);
}

const record = () => join(home(), 'engine.json');

/** One that an earlier run was killed over. */
async function leftRunning() {
  const text = await readFile(record(), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  /** @type {{ pid: number, folder: string }} */
  const { pid, folder } = JSON.parse(text);
  const engine = started(pid, folder);
  if (await answers(engine.env)) return engine;
  await rm(record(), { force: true });
  return undefined;
}

/** @param {number} pid @param {string} folder @returns {DockerEngine} */
function started(pid, folder) {
  return {
    env: { DOCKER_HOST: `unix://${join(folder, 'docker.sock')}` },
    close: async () => {
      await end(pid);
      await rm(record(), { force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its own containerd goes with it. @param {number} pid */
async function end(pid) {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + STOP_MS;
  while (isAlive(pid) && Date.now() < until) await sleep(100);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param {Record<string, string>} env */
async function untilAnswers(env) {
  const until = Date.now() + START_MS;
  while (!(await answers(env))) {
    if (Date.now() > until) throw new Error(`no answer within ${START_MS / 1000} s`);
    await sleep(200);
  }
}

/** @param {Record<string, string>} env */
const answers = (env) => succeeds('docker', ['version', '--format', '{{.Server.Version}}'], env);

/** @param {string} file @param {readonly string[]} args @param {Record<string, string>} [env] */
const succeeds = (file, args, env = {}) =>
  run(file, args, { timeoutMs: 10_000, env }).then(
    () => true,
    () => false,
  );

/**
 * What `docker compose` needs beside `env`: nothing where Docker has its plugin, else a configuration with the program
 * that the engines' folder has.
 * @param {Record<string, string>} env
 * @returns {Promise<Record<string, string>>}
 */
export async function composePlugin(env) {
  if (await succeeds('docker', ['compose', 'version'], env)) return {};
  const config = join(home(), 'config');
  await mkdir(join(config, 'cli-plugins'), { recursive: true });
  const plugin = join(config, 'cli-plugins', 'docker-compose');
  await rm(plugin, { force: true });
  await symlink(join(cacheFolder(), 'tools', 'docker-compose'), plugin);
  const found = { DOCKER_CONFIG: config };
  if (await succeeds('docker', ['compose', 'version'], { ...env, ...found })) return found;
  throw new Error('There is no Docker Compose. Run `node tests/engines/install.mjs`.');
}

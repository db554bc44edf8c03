import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server and its command line client, as tests/engines/install.mjs found them. */
export interface Engine {
  readonly name: 'redis' | 'valkey';
  /** Full version, `8.0.2`. */
  readonly version: string;
  /** Release line, `8.0`. */
  readonly line: string;
  /** The suite of the archive or the package that it comes from, or `PATH`. */
  readonly from: string;
  /** The suite whose client and libraries it has, where they are not its own. */
  readonly base?: string;
  /** True for a build that has no TLS: nothing but what its line does is shown with it. */
  readonly withoutTls?: true;
  /** Folder with `<name>-server`, `<name>-cli` and `<name>-sentinel`, fit for PATH. */
  readonly bin: string;
  readonly server: string;
  readonly cli: string;
}

interface Catalog {
  readonly engines: readonly Engine[];
  readonly tools: Readonly<Record<string, string>>;
}

const REMEDY = 'Run `node tests/engines/install.mjs`.';

function catalog(): Catalog {
  const own = fileURLToPath(new URL('../../.cache/engines', import.meta.url));
  const file = join(process.env.REDIS_STACK_ENGINES ?? own, 'engines.json');
  if (!existsSync(file)) throw new Error(`${file}: no test engines here. ${REMEDY}`);
  return JSON.parse(readFileSync(file, 'utf8')) as Catalog;
}

/** Every engine at hand, oldest line first. Throws when there is none: a live test without a server is a failure. */
export function engines(): readonly Engine[] {
  const { engines: all } = catalog();
  const gone = all.find(({ server }) => !existsSync(server));
  if (all.length === 0 || gone) throw new Error(`${gone?.server ?? 'engines.json'}: no server. ${REMEDY}`);
  return all;
}

export function engine(name: Engine['name'], line: string): Engine {
  const found = engines().find((one) => one.name === name && one.line === line);
  if (!found) throw new Error(`No ${name} ${line} among the test engines (${titles()}). ${REMEDY}`);
  return found;
}

/** The highest release line at hand; it may be a build without TLS. */
export function newest(name: Engine['name']): Engine {
  const found = engines().findLast((one) => one.name === name);
  if (!found) throw new Error(`No ${name} among the test engines (${titles()}). ${REMEDY}`);
  return found;
}

/** The highest release line at hand that has TLS. */
export function newestWithTls(name: Engine['name']): Engine {
  const found = engines().findLast((one) => one.name === name && !one.withoutTls);
  if (!found) throw new Error(`No ${name} with TLS among the test engines (${titles()}). ${REMEDY}`);
  return found;
}

export type Tool =
  | 'chromium'
  | 'docker-compose'
  | 'helm'
  | 'helm3'
  | 'kubectl'
  | 'shellcheck'
  | 'prometheus'
  | 'promtool'
  | 'prometheus-redis-exporter'
  | 'prometheus-blackbox-exporter';

/** Path of a program that judges or watches what we generate. */
export function tool(name: Tool): string {
  const found = catalog().tools[name];
  if (!found || !existsSync(found)) throw new Error(`No ${name} among the test tools. ${REMEDY}`);
  return found;
}

const titles = () =>
  engines()
    .map(({ name, line }) => `${name} ${line}`)
    .join(', ');

import { existsSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { distribution } from './apt.mjs';
import { run } from './run.mjs';
import { DISTRIBUTIONS, PACKED_ENGINES, PACKED_TOOLS } from './wanted.mjs';

/**
 * @typedef {{ name: 'redis' | 'valkey', version: string, line: string, from: string, base?: string, withoutTls?: true, bin: string, server: string, cli: string }} Engine
 *   base: the suite whose client and libraries it has, where they are not its own
 * @typedef {{ what: string, why: string }} Missing
 * @typedef {{ engines: Engine[], tools: Record<string, string>, missing: Missing[] }} Catalog
 */

const DAY_MS = 24 * 60 * 60 * 1000;

/** Where the engines are kept; REDIS_STACK_ENGINES names another folder. */
export const cacheFolder = () =>
  resolve(
    process.env.REDIS_STACK_ENGINES ?? join(dirname(fileURLToPath(import.meta.url)), '../../.cache/engines'),
  );

/**
 * What an earlier run left that still works, and whether it is worth looking for more.
 * What was missing is looked for again after a day, not on every test run.
 * @param {string} cache
 * @returns {Promise<{ catalog: Catalog, complete: boolean }>}
 */
export async function readCatalog(cache) {
  const file = join(cache, 'engines.json');
  /** @type {Catalog} */
  const stored = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => ({ engines: [], tools: {}, missing: [] }));
  const answers = await Promise.all(stored.engines.map((engine) => serverVersion(engine.server)));
  const engines = stored.engines.filter(
    (engine, index) =>
      answers[index] === engine.version &&
      (!engine.bin.startsWith(cache) || isWhole(engine.bin, engine.name)),
  );
  const tools = Object.fromEntries(Object.entries(stored.tools).filter(([, path]) => existsSync(path)));
  const allThere = engines.length > 0 && engines.length === stored.engines.length;
  const toolsThere = Object.keys(tools).length === Object.keys(stored.tools).length;
  const ageMs = await stat(file).then(
    (found) => Date.now() - found.mtimeMs,
    () => Infinity,
  );
  const known = new Set([
    ...Object.keys(tools),
    ...engines.map(({ from }) => from),
    ...stored.missing.map(({ what }) => what),
  ]);
  const asked = (await wanted()).every((name) => known.has(name));
  const complete = allThere && toolsThere && asked && (stored.missing.length === 0 || ageMs < DAY_MS);
  return { catalog: { engines, tools, missing: complete ? stored.missing : [] }, complete };
}

/** False for a folder of before there was a check of snapshots in it. @param {string} bin @param {string} name */
export const isWhole = (bin, name) => existsSync(join(bin, `${name}-check-rdb`));

/** A list that has grown since is looked through again. */
async function wanted() {
  const { id } = await distribution();
  const packed = PACKED_TOOLS.flatMap(({ tools }) => tools);
  const tools = [...(DISTRIBUTIONS[id]?.tools ?? []), ...packed].map(({ name }) => name);
  return [...tools, ...PACKED_ENGINES.map((engine) => engine.package)];
}

/** @param {string} cache @param {Catalog} catalog */
export async function writeCatalog(cache, catalog) {
  const draft = join(cache, `engines.json.${process.pid}`);
  const tools = Object.fromEntries(Object.entries(catalog.tools).sort());
  await writeFile(draft, `${JSON.stringify({ ...catalog, tools }, null, 2)}\n`);
  await rename(draft, join(cache, 'engines.json'));
}

/**
 * The version a server program answers with, undefined when it does not run.
 * @param {string} server
 */
export async function serverVersion(server) {
  const text = await run(server, ['--version'], { timeoutMs: 10_000 }).catch(() => '');
  return text.match(/ v=(\d+\.\d+\.\d+)/)?.[1];
}

/** @param {string} version '8.0.2' gives '8.0' */
export const lineOf = (version) => version.split('.').slice(0, 2).join('.');

/** @param {Engine} a @param {Engine} b */
export const byLine = (a, b) =>
  a.name.localeCompare(b.name) || a.line.localeCompare(b.line, 'en', { numeric: true });

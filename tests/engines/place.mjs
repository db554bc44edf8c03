import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { closure, unpack } from './apt.mjs';
import { isWhole, lineOf, serverVersion } from './catalog.mjs';
import { relocate } from './relocate.mjs';
import { run } from './run.mjs';
import { NOT_LINKED, withLibraries } from './with-libraries.mjs';

/**
 * What the suite has of an engine, before anything is downloaded.
 * @param {import('./wanted.mjs').WantedEngine} wanted @param {readonly string[]} using
 */
export async function lookUp({ name, suite }, using) {
  const all = await closure(using, [`${name}-server`, `${name}-tools`]);
  const line = all.find((one) => one.name === `${name}-server`)?.version.match(/^(?:\d+:)?(\d+\.\d+)/)?.[1];
  // The rest (accounts, init scripts) is for installing, not for running.
  const packages = all.filter((one) => /^(lib|zlib|lua-)/.test(one.name) || one.name.startsWith(`${name}-`));
  return { name, suite, using, line: line ?? '', packages };
}

/**
 * @param {Awaited<ReturnType<typeof lookUp>> & { work: string, cache: string }} chosen
 * @returns {Promise<import('./catalog.mjs').Engine>}
 */
export async function installEngine({ name, suite, using, packages, work, cache }) {
  const tree = join(work, `${name}-${suite}.tree`);
  const draft = join(work, `${name}-${suite}`);
  await unpack(using, packages, tree);
  await relocate({ name, tree, folder: draft });
  const version = await serverVersion(join(draft, 'bin', `${name}-server`));
  if (!version) throw new Error(`${name}-server was unpacked but does not run on this machine`);
  const folder = join(cache, `${name}-${version}`);
  const bin = join(folder, 'bin');
  const server = join(bin, `${name}-server`);
  await settle(draft, folder, async () => isWhole(bin, name) && (await serverVersion(server)) === version);
  return { name, version, line: lineOf(version), from: suite, bin, server, cli: join(bin, `${name}-cli`) };
}

/**
 * Moves a finished folder to its place in one step; another run may have been there first, which is as good.
 * @param {string} draft @param {string} folder @param {() => Promise<boolean>} works
 */
export async function settle(draft, folder, works) {
  if (await works()) return;
  await rename(folder, `${draft}.broken`).catch(() => undefined);
  try {
    await rename(draft, folder);
  } catch (error) {
    if (!(await works())) throw error;
  }
}

/**
 * @param {{ tool: import('./wanted.mjs').WantedTool, using: readonly string[], work: string, cache: string }} options
 * @returns {Promise<string>} where the program is now
 */
export async function installTool({ tool, using, work, cache }) {
  const tree = join(work, `${tool.name}.tree`);
  const packages = await closure(using, [tool.package]);
  if (tool.libraries) {
    const own = (/** @type {string} */ name) => name.startsWith(tool.name);
    const linked = (/** @type {string} */ name) => /^(lib|zlib)/.test(name) && !NOT_LINKED.test(name);
    const needed = packages.filter(({ name }) => own(name) || linked(name));
    await unpack(using, needed, tree);
    return withLibraries({ tool, tree, draft: join(work, tool.name), folder: join(cache, tool.name) });
  }
  const itself = packages.filter(({ name }) => name === tool.package);
  await unpack(using, itself, tree);
  const program = join(tree, tool.file);
  await run(program, ['--version']);
  const placed = join(cache, 'tools', tool.name);
  await mkdir(join(cache, 'tools'), { recursive: true });
  await rename(program, placed);
  return placed;
}

import { copyFile, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './run.mjs';

/**
 * Turns an unpacked system tree into a small folder that runs anywhere:
 * root/bin the two programs, root/lib their libraries with the dynamic linker, bin the wrappers.
 * @param {{ name: 'redis' | 'valkey', tree: string, folder: string }} options
 */
export async function relocate({ name, tree, folder }) {
  const loader = await findLoader(tree);
  const bin = join(folder, 'root/bin');
  const lib = join(folder, 'root/lib');
  for (const made of [bin, lib, join(folder, 'bin')]) await mkdir(made, { recursive: true });
  await copyFile(await realpath(loader.file), join(lib, basename(loader.file)));
  for (const program of [`${name}-server`, `${name}-cli`]) {
    const binary = await realpath(join(tree, 'usr/bin', program));
    for (const file of await libraries(loader, tree, binary)) await copyFile(file, join(lib, basename(file)));
    await copyFile(binary, join(bin, program));
  }
  await copyUnlinked(loader.libraryPath, lib);
  // One binary is server, sentinel and the check of a snapshot; it looks at its own name to know which.
  await writeWrapper(folder, basename(loader.file), `${name}-server`, `${name}-server`);
  await writeWrapper(folder, basename(loader.file), `${name}-sentinel`, `${name}-server`);
  await writeWrapper(folder, basename(loader.file), `${name}-check-rdb`, `${name}-server`);
  await writeWrapper(folder, basename(loader.file), `${name}-cli`, `${name}-cli`);
}

/** Threads that are cancelled load this one by name, so no list of needed libraries shows it. */
async function copyUnlinked(/** @type {readonly string[]} */ libraryPath, /** @type {string} */ lib) {
  for (const folder of libraryPath) {
    await copyFile(join(folder, 'libgcc_s.so.1'), join(lib, 'libgcc_s.so.1')).catch(() => undefined);
  }
}

/** @typedef {{ file: string, libraryPath: readonly string[] }} Loader */

/** @param {string} tree @returns {Promise<Loader>} */
async function findLoader(tree) {
  const files = await readdir(tree, { recursive: true });
  // Not lib64/: the link there is absolute and would lead to this machine's own linker.
  const found = files.find((file) => /(^|\/)lib\/[^/]+\/ld-linux[^/]*\.so\.\d+$/.test(file));
  if (!found) throw new Error(`${tree}: no dynamic linker among the unpacked packages.`);
  const triple = basename(dirname(found));
  return { file: join(tree, found), libraryPath: [join(tree, 'usr/lib', triple), join(tree, 'lib', triple)] };
}

/** @param {Loader} loader @param {string} tree @param {string} binary */
async function libraries({ file, libraryPath }, tree, binary) {
  const listing = await run(file, [
    '--inhibit-cache',
    '--library-path',
    libraryPath.join(':'),
    '--list',
    binary,
  ]);
  const lines = listing.split('\n').filter((line) => line.includes('=>'));
  const found = lines.map((line) => line.trim().match(/^(\S+) => (.*?)(?: \(0x[0-9a-f]+\))?$/) ?? []);
  const strange = found.filter(
    ([, soname = '', path = '']) => !path.startsWith(tree) && !soname.startsWith('/'),
  );
  if (strange.length > 0) {
    throw new Error(
      `${basename(binary)}: not in the unpacked packages: ${strange.map((one) => one[1]).join(', ')}`,
    );
  }
  return found.map(([, , path = '']) => path).filter((path) => path.startsWith(tree));
}

/**
 * `exec`, because the tests signal the pid they started.
 * @param {string} folder @param {string} loader @param {string} name @param {string} program
 */
async function writeWrapper(folder, loader, name, program) {
  const text = [
    '#!/bin/sh',
    '# Runs the program with the C library it was built for. $0 must hold a path.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
    'root="${0%/*}/../root"',
    `exec "$root/lib/${loader}" --inhibit-cache --library-path "$root/lib" --argv0 ${name} "$root/bin/${program}" "$@"`,
    '',
  ].join('\n');
  await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
}

import { copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './run.mjs';

/** The C library stays this machine's own; graphics drivers and what only they need are large and never loaded. */
export const NOT_LINKED = /^lib(c6|c-bin|llvm|gl1-mesa|z3-|icu|x11-data|asound2-data)/;

/** What tells a developer of graphics drivers what went wrong. */
const LEFT_OUT = /^lib(VkLayer|VkICD)|crashpad/;

/**
 * Turns an unpacked tree into a folder with the program, what lies beside it, its libraries, and a wrapper that finds them.
 * @param {{ tool: import('./wanted.mjs').WantedTool, tree: string, draft: string, folder: string }} options
 * @returns {Promise<string>} the wrapper
 */
export async function withLibraries({ tool, tree, draft, folder }) {
  const program = join(tree, tool.file);
  await mkdir(join(draft, 'lib'), { recursive: true });
  for (const name of await readdir(dirname(program))) {
    if (!LEFT_OUT.test(name)) await cp(join(dirname(program), name), join(draft, name), { recursive: true });
  }
  for (const file of await libraries(tree, program)) await copyFile(file, join(draft, 'lib', basename(file)));
  const wrapper = join(draft, tool.name);
  await writeFile(wrapper, script(basename(program)), { mode: 0o755 });
  await run(wrapper, tool.libraries?.asks ?? ['--version'], { timeoutMs: 60_000 });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return join(folder, tool.name);
}

/** `exec`, because the tests signal the pid they started. @param {string} program */
const script = (program) =>
  [
    '#!/bin/sh',
    '# Runs the program with its own libraries and this C library. $0 must hold a path.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
    'root="${0%/*}"',
    `LD_LIBRARY_PATH="$root/lib" exec "$root/${program}" "$@"`,
    '',
  ].join('\n');

/** Those of the tree that the program is linked to. @param {string} tree @param {string} program */
async function libraries(tree, program) {
  const names = await readdir(tree, { recursive: true });
  const folders = new Set(
    names.filter((name) => /\.so(\.|$)/.test(name)).map((name) => join(tree, dirname(name))),
  );
  const listing = await run('ldd', [program], { env: { LD_LIBRARY_PATH: [...folders].join(':') } });
  const missing = [...listing.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name);
  if (missing.length > 0)
    throw new Error(`${basename(program)}: not in the unpacked packages: ${missing.join(', ')}`);
  return [...listing.matchAll(/ => (\/\S+)/g)]
    .map(([, file = '']) => file)
    .filter((file) => file.startsWith(tree));
}

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';

// Turns raw material under templates/ into modules, the same way for the bundle and for the tests: `*.hbs` becomes a
// precompiled Handlebars function (compiling at run time costs more than everything else together), and
// `templates:<folder>` becomes a record of path -> text of the files that are copied as they are.

const root = fileURLToPath(new URL('../templates/', import.meta.url));

export const HANDLEBARS_OPTIONS = {
  strict: true,
  noEscape: true,
  knownHelpersOnly: true,
  preventIndent: true,
};

/** @param {string} path */
export function compileTemplate(path) {
  const spec = Handlebars.precompile(readFileSync(path, 'utf8'), HANDLEBARS_OPTIONS);
  return `import runtime from 'handlebars/runtime.js';\nexport default runtime.template(${String(spec)});\n`;
}

const LEFT_OUT = new Set(['node_modules', 'test', 'dist', 'package-lock.json']);

/** @param {string} dir @returns {string[]} */
function walk(dir) {
  return readdirSync(dir)
    .filter((name) => !LEFT_OUT.has(name) && !name.endsWith('.hbs'))
    .sort()
    .map((name) => join(dir, name))
    .flatMap((path) => (statSync(path).isDirectory() ? walk(path) : [path]));
}

/** @param {string} folder */
export function rawModule(folder) {
  const base = resolve(root, folder);
  const files = Object.fromEntries(
    walk(base).map((path) => [relative(base, path), readFileSync(path, 'utf8')]),
  );
  return `export default ${JSON.stringify(files)};\n`;
}

const PREFIX = 'templates:';

/** The Vite face of the plugin, used by vitest. @type {import('vite').Plugin} */
export const viteTemplates = {
  name: 'templates',
  enforce: 'pre',
  resolveId(id) {
    return id.startsWith(PREFIX) ? `\0${id}` : undefined;
  },
  load(id) {
    if (id.startsWith(`\0${PREFIX}`)) return rawModule(id.slice(PREFIX.length + 1));
    if (id.endsWith('.hbs')) return compileTemplate(id);
    return undefined;
  },
};

/** The esbuild face of the plugin, used by the build. @type {import('esbuild').Plugin} */
export const esbuildTemplates = {
  name: 'templates',
  setup(build) {
    build.onResolve({ filter: /^templates:/ }, ({ path }) => ({
      path: path.slice(PREFIX.length),
      namespace: 'templates',
    }));
    build.onLoad({ filter: /.*/, namespace: 'templates' }, ({ path }) => ({
      contents: rawModule(path),
      loader: 'js',
    }));
    build.onLoad({ filter: /\.hbs$/ }, ({ path }) => ({
      contents: compileTemplate(path),
      loader: 'js',
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    }));
  },
};

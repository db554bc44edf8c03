import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

const LEFT_OUT = new Set(['node_modules', 'test', 'examples', 'dist', 'package-lock.json']);

/** @param {string} dir @returns {string[]} */
function walk(dir) {
  return readdirSync(dir)
    .filter((name) => !LEFT_OUT.has(name) && !name.endsWith('.hbs'))
    .sort()
    .map((name) => join(dir, name))
    .flatMap((path) => (statSync(path).isDirectory() ? walk(path) : [path]));
}

/** Every file of a folder that is copied as it is, as JSON: path -> text. @param {string} folder */
function rawJson(folder) {
  const base = resolve(root, folder);
  const files = walk(base).map((path) => [relative(base, path), readFileSync(path, 'utf8')]);
  return JSON.stringify(Object.fromEntries(files));
}

/** @param {string} folder */
export function rawModule(folder) {
  return `export default ${rawJson(folder)};\n`;
}

/** @param {string} outdir @param {string} folder */
function writeRaw(outdir, folder) {
  const name = `templates-${folder.replaceAll('/', '-')}.json`;
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, name), rawJson(folder));
  return [
    "import { readFileSync } from 'node:fs';",
    "import { join } from 'node:path';",
    `export default JSON.parse(readFileSync(join(__dirname, '${name}'), 'utf8'));`,
  ].join('\n');
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

/**
 * The esbuild face of the plugin, used by the build. Given a folder, raw material goes there as JSON files that are read
 * when they are needed: parsing JSON costs a fraction of compiling the same text as code.
 *
 * @param {string} [outdir]
 * @returns {import('esbuild').Plugin}
 */
export const esbuildTemplates = (outdir) => ({
  name: 'templates',
  setup(build) {
    build.onResolve({ filter: /^templates:/ }, ({ path }) => ({
      path: path.slice(PREFIX.length),
      namespace: 'templates',
    }));
    build.onLoad({ filter: /.*/, namespace: 'templates' }, ({ path }) => ({
      contents: outdir ? writeRaw(outdir, path) : rawModule(path),
      loader: 'js',
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    }));
    build.onLoad({ filter: /\.hbs$/ }, ({ path }) => ({
      contents: compileTemplate(path),
      loader: 'js',
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    }));
  },
});

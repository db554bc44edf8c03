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

/** Every file of a folder that is copied as it is. @param {string} folder @returns {(readonly [string, string])[]} */
function rawFiles(folder) {
  const base = resolve(root, folder);
  return walk(base).map((path) => /** @type {const} */ ([relative(base, path), readFileSync(path, 'utf8')]));
}

/** @param {string} folder */
export function rawModule(folder) {
  return `export default ${JSON.stringify(Object.fromEntries(rawFiles(folder)))};\n`;
}

/** One file with all texts, and where each begins and ends in it. @param {string} outdir @param {string} folder */
function writeRaw(outdir, folder) {
  const name = `templates-${folder.replaceAll('/', '-')}.txt`;
  /** @type {Record<string, readonly [number, number]>} */
  const places = {};
  let end = 0;
  const texts = rawFiles(folder).map(([path, text]) => {
    const bytes = Buffer.from(text);
    places[path] = [end, end + bytes.length];
    end += bytes.length;
    return bytes;
  });
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, name), Buffer.concat(texts));
  return `
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
const places = ${JSON.stringify(places)};
let bytes;
const read = ([start, end]) => (bytes ??= readFileSync(join(__dirname, '${name}'))).toString('utf8', start, end);
const files = {};
for (const path of Object.keys(places))
  Object.defineProperty(files, path, { enumerable: true, get: () => read(places[path]) });
export default files;
`;
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
 * The esbuild face of the plugin, used by the build. Given a folder, raw material goes there as one file that is read when
 * it is needed, and of which only the texts that are asked for become strings: compiling them as code costs far more.
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

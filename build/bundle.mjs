// Bundles the package into dist/: no runtime dependencies, one file a command, loaded when the command is called.
// CommonJS, because Node starts it several milliseconds sooner than the same code as modules.
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { esbuildTemplates } from './templates-plugin.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** What is loaded on demand: each becomes a file of its own beside the one that asks for it. */
const ON_DEMAND = [
  'create',
  'update',
  'live',
  'ask',
  'check',
  'formats',
  'up',
  'status',
  'down',
  'exec',
  'migrate',
  'doctor',
  'advise',
  'rotate',
  'drill',
  'backup',
  'restore',
  'import',
  'problems',
  'yaml',
];

/** The same outside of the commands, for what several of them load now and then. */
const CERTIFICATES = { name: 'certificates', source: 'src/certificates/index.ts' };

/** The Redis library: most commands speak to servers, and each would carry a copy of its own. */
const REDIS = { name: 'redis-library', source: '@redis/client' };

/** @type {import('esbuild').Plugin} */
const onDemand = {
  name: 'on-demand',
  setup(api) {
    api.onResolve({ filter: /^\.\/[a-z]+\.ts$/ }, ({ path, kind }) => {
      const name = path.slice(2, -3);
      if (kind !== 'dynamic-import' || !ON_DEMAND.includes(name)) return undefined;
      return { path: `./${name}.cjs`, external: true };
    });
    api.onResolve({ filter: /\/certificates\/index\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${CERTIFICATES.name}.cjs`, external: true } : undefined,
    );
    api.onResolve({ filter: /^@redis\/client$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: `./${REDIS.name}.cjs`, external: true },
    );
  },
};

/** @type {import('esbuild').BuildOptions} */
const shared = {
  outdir: 'dist.new',
  bundle: true,
  platform: 'node',
  target: 'node20.17',
  minify: true,
  legalComments: 'linked',
  logLevel: 'warning',
  // The builds of modules, of which only what is used stays; the one for Node is taken whole or not at all.
  alias: {
    yaml: './node_modules/yaml/browser/dist/index.js',
    'jsonc-parser': './node_modules/jsonc-parser/lib/esm/main.js',
  },
  // An optional peer: whoever runs the Yeoman generators has it.
  external: ['yeoman-generator'],
};

rmSync('dist.new', { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: {
    cli: 'src/cli.ts',
    ...Object.fromEntries(ON_DEMAND.map((name) => [name, `src/commands/${name}.ts`])),
    [CERTIFICATES.name]: CERTIFICATES.source,
    [REDIS.name]: REDIS.source,
  },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // `require` in place of `import()`: the module loader would first parse each file for its names.
  supported: { 'dynamic-import': false },
  plugins: [esbuildTemplates('dist.new'), onDemand],
});
await build({
  ...shared,
  entryPoints: {
    index: 'src/index.ts',
    'generators/app/index': 'generators/app/index.ts',
    'generators/update/index': 'generators/update/index.ts',
  },
  format: 'esm',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Packages written for CommonJS ask for `require` at run time.
  banner: {
    js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
  },
  plugins: [esbuildTemplates()],
});
chmodSync('dist.new/cli.cjs', 0o755);
rmSync('dist', { recursive: true, force: true });
renameSync('dist.new', 'dist');

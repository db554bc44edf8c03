// Bundles the package into dist/: no runtime dependencies, rarely used parts in chunks that are loaded on demand.
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { esbuildTemplates } from './templates-plugin.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });

await build({
  entryPoints: {
    cli: 'src/cli.ts',
    index: 'src/index.ts',
    'generators/app/index': 'generators/app/index.ts',
    'generators/update/index': 'generators/update/index.ts',
  },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'warning',
  // An optional peer: whoever runs the Yeoman generators has it.
  external: ['yeoman-generator'],
  // Packages written for CommonJS ask for `require` at run time.
  banner: {
    js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
  },
  plugins: [esbuildTemplates],
});
chmodSync('dist/cli.js', 0o755);

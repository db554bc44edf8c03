// Prints docs/generated/ from the code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const outfile = '.cache/build/print-schema.mjs';
await build({
  entryPoints: ['build/print-schema.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
});
const { printedSchema } = await import(pathToFileURL(outfile).href);
mkdirSync('docs/generated', { recursive: true });
writeFileSync('docs/generated/redis-stack.schema.json', printedSchema());

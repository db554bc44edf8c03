// Prints docs/generated/ from the code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
mkdirSync('docs/generated', { recursive: true });
const { printedSchema } = await built('print-schema');
writeFileSync('docs/generated/redis-stack.schema.json', printedSchema());
const { printedAlerts } = await built('print-alerts');
writeFileSync('docs/generated/alerts.md', printedAlerts());
const { printedScenarios } = await built('print-scenarios');
writeFileSync('docs/generated/drill.md', printedScenarios());

/** @param {string} name of a file in build/ */
async function built(name) {
  const outfile = `.cache/build/${name}.mjs`;
  await build({
    entryPoints: [`build/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

// Prints docs/generated/ from the code, and what the chart in templates/ begins with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { esbuildTemplates } from './templates-plugin.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
mkdirSync('docs/generated', { recursive: true });
const { printedSchema } = await built('print-schema');
writeFileSync('docs/generated/redis-stack.schema.json', printedSchema());
const { printedAlerts } = await built('print-alerts');
writeFileSync('docs/generated/alerts.md', printedAlerts());
const { printedScenarios } = await built('print-scenarios');
writeFileSync('docs/generated/drill.md', printedScenarios());
const { printedRules } = await built('print-doctor-rules');
writeFileSync('docs/generated/doctor-rules.md', printedRules());

const { printedChart } = await built('print-chart');
for (const [path, text] of Object.entries(printedChart())) writeFileSync(`templates/helm/${path}`, text);

/** @param {string} name of a file in build/ */
async function built(name) {
  const outfile = `.cache/build/${name}.cjs`;
  await build({
    entryPoints: [`build/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    plugins: [esbuildTemplates()],
  });
  return import(pathToFileURL(outfile).href);
}

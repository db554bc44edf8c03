import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles a bench with the sources that it measures, below `.cache/<name>`, where the sources of the tests expect to be, and runs
 * the first of its files with the words of this command line. Installs the test engines where they are missing.
 * @param {{ name: string, here: string, files: readonly string[] }} bench
 */
export async function runBundled({ name, here, files }) {
  const engines = process.env.REDIS_STACK_ENGINES ?? join(root, '.cache/engines');
  if (!existsSync(join(engines, 'engines.json')))
    spawnSync(process.execPath, [join(root, 'tests/engines/install.mjs')], { cwd: root, stdio: 'inherit' });
  const outdir = join(root, '.cache', name);
  await build({
    entryPoints: files.map((file) => join(here, `${file}.ts`)),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  }).catch(() => process.exit(1));
  const { status } = spawnSync(
    process.execPath,
    ['--no-warnings', join(outdir, `${files[0]}.mjs`), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, REDIS_STACK_ENGINES: engines } },
  );
  process.exitCode = status ?? 1;
}

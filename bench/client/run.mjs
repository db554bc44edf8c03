// Installs what the client is measured beside, bundles a bench with the client's own sources and runs it:
// node bench/client/run.mjs <patterns|speed> [words for the bench]
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
// The sources look for the servers beside themselves, which a bundle is not.
const engines = process.env.REDIS_STACK_ENGINES ?? join(root, '.cache/engines');
const [name = '', ...words] = process.argv.slice(2);

install();
await build({
  absWorkingDir: here,
  entryPoints: { [name]: `${name}.ts`, caller: 'speed/caller.ts' },
  // Below the installed packages, so that they are found from there.
  outdir: '.cache',
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
  ['--no-warnings', join(here, '.cache', `${name}.mjs`), ...words],
  {
    stdio: 'inherit',
    env: { ...process.env, REDIS_STACK_ENGINES: engines },
  },
);
process.exitCode = status ?? 1;

function install() {
  if (!existsSync(join(engines, 'engines.json')))
    demand(process.execPath, [join(root, 'tests/engines/install.mjs')], root);
  const installed = join(here, 'node_modules/.package-lock.json');
  const wanted = join(here, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  demand('npm', ['ci', '--loglevel=error'], here);
}

/** Runs a program whose output is not the bench's; throws where it fails. @param {string} file @param {string[]} args @param {string} cwd */
function demand(file, args, cwd) {
  const { status } = spawnSync(file, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')} failed.`);
}

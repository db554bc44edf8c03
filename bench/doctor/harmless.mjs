// What a look at a server costs it, beside redis-cli --bigkeys, --memkeys, --hotkeys and MEMORY DOCTOR, under load:
// node bench/doctor/harmless.mjs [--keys 1000000] [--rate 20000] [--rounds 3] [--engine redis:8.0] [--tools doctor,bigkeys]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

const engines = process.env.REDIS_STACK_ENGINES ?? join(root, '.cache/engines');
if (!existsSync(join(engines, 'engines.json')))
  spawnSync(process.execPath, [join(root, 'tests/engines/install.mjs')], { cwd: root, stdio: 'inherit' });

// Two folders below the root, where the sources of the tests expect to be.
const outdir = join(root, '.cache/bench-doctor');
await build({
  entryPoints: ['harmless.ts', 'look-once.ts', 'load.ts', 'prober.ts'].map((file) => join(here, file)),
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
  ['--no-warnings', join(outdir, 'harmless.mjs'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, REDIS_STACK_ENGINES: engines } },
);
process.exitCode = status ?? 1;

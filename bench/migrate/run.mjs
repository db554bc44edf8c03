// Migrates a standalone server to a cluster of three under writes, by this tool and by `redis-cli --cluster import`:
// node bench/migrate/run.mjs [--keys 1000000] [--rate 2000] [--engine redis:8.0] [--client emitted] [--rows ours,copy,move,stopped]
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
const outfile = join(root, '.cache/bench-migrate/run.mjs');
await build({
  entryPoints: [join(here, 'run.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'warning',
}).catch(() => process.exit(1));
const { status } = spawnSync(process.execPath, ['--no-warnings', outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, REDIS_STACK_ENGINES: engines },
});
process.exitCode = status ?? 1;

// Slots of a cluster from three primaries to six under writes, by our mover and by `redis-cli --cluster rebalance`:
// node bench/migrate/slots.mjs [--keys 1000000] [--rate 2000] [--engine redis:7.0] [--client ioredis] [--rest 1] [--hold 2] [--rows ours,redis-cli]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
// Two folders below the root, where the sources of the tests expect to be.
const out = join(root, '.cache/bench-slots');
await build({
  entryPoints: { slots: join(here, 'slots.ts'), writer: join(here, 'slots-writer.ts') },
  outdir: out,
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
  ['--no-warnings', join(out, 'slots.mjs'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;

// Migrates a standalone server to a cluster of three under writes, by this tool and by `redis-cli --cluster import`:
// node bench/migrate/run.mjs [--keys 1000000] [--rate 2000] [--engine redis:8.0] [--client emitted] [--rows ours,copy,move,stopped]
import { fileURLToPath } from 'node:url';
import { runBundled } from '../bundled.mjs';

await runBundled({
  name: 'bench-migrate',
  here: fileURLToPath(new URL('.', import.meta.url)),
  files: ['run'],
});

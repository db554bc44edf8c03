// Slots of a cluster from three primaries to six under writes, by our mover and by `redis-cli --cluster rebalance`:
// node bench/migrate/slots.mjs [--keys 1000000] [--rate 2000] [--engine redis:7.0] [--client ioredis] [--rest 1] [--hold 2] [--rows ours,redis-cli]
import { fileURLToPath } from 'node:url';
import { runBundled } from '../bundled.mjs';

await runBundled({
  name: 'bench-slots',
  here: fileURLToPath(new URL('.', import.meta.url)),
  files: ['slots', 'slots-writer'],
});

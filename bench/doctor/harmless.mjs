// What a look at a server costs it, beside redis-cli --bigkeys, --memkeys, --hotkeys and MEMORY DOCTOR, under load:
// node bench/doctor/harmless.mjs [--keys 1000000] [--rate 20000] [--rounds 3] [--engine redis:8.0] [--tools doctor,bigkeys]
import { fileURLToPath } from 'node:url';
import { runBundled } from '../bundled.mjs';

await runBundled({
  name: 'bench-doctor',
  here: fileURLToPath(new URL('.', import.meta.url)),
  files: ['harmless', 'look-once', 'load', 'prober'],
});

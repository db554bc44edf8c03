// The emitted client beside the libraries of its kind, under stress, on real servers: npm run bench:patterns

import { asyncCacheDedupe } from './libraries/async-cache-dedupe.ts';
import { bentocache } from './libraries/bentocache.ts';
import { cacheManager } from './libraries/cache-manager.ts';
import { cacheable } from './libraries/cacheable.ts';
import { layeredLoader } from './libraries/layered-loader.ts';
import type { Library } from './library.ts';
import { ours } from './ours.ts';
import { onCluster } from './rows/cluster.ts';
import { fencing } from './rows/fencing.ts';
import { outages } from './rows/outages.ts';
import { sharing } from './rows/sharing.ts';
import { values } from './rows/values.ts';
import { engineName, withCluster, withServer } from './servers.ts';
import { headOf, type Row, rowOf } from './table.ts';

const libraries: readonly Library[] = [
  ours,
  bentocache,
  cacheable,
  cacheManager,
  asyncCacheDedupe,
  layeredLoader,
];

// A promise that a library lets fall must not end the comparison.
let dropped = 0;
process.on('unhandledRejection', () => dropped++);

const wrong: string[] = [];

async function print(rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const cells = await row.measure(libraries);
    console.log(rowOf(row, cells));
    if (cells[libraries.indexOf(ours)]?.isRight !== true) wrong.push(row.title);
  }
}

console.log(`Node ${process.versions.node}, ${engineName()} on loopback. Bold is right.\n`);
console.log(headOf(libraries));
await withServer(async (ground) => {
  for (const rows of [sharing, fencing, values]) await print(rows(ground));
});
await print(outages);
await withCluster((ground) => print(onCluster(ground)));
console.log(
  `\n${libraries.map(({ name, use, tuning }) => `- ${name}: ${use}. Tuned for silence: ${tuning}.`).join('\n')}`,
);
if (dropped > 0) console.log(`- ${dropped} rejections reached nobody.`);
if (wrong.length > 0) console.error(`\nOurs is wrong: ${wrong.join('; ')}.`);
// What a library still waits for does not keep the process.
process.exit(wrong.length > 0 ? 1 : 0);

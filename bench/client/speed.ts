// The speed of the emitted client, as ratios measured in one run: npm run bench:client [-- <names of benches>]
import { engineName, type Ground, withServer } from './servers.ts';
import { hits } from './speed/hits.ts';
import { limits } from './speed/limits.ts';
import { localHits } from './speed/local.ts';
import { getMany } from './speed/many.ts';
import { stampede } from './speed/stampede.ts';
import { writesBehind } from './speed/write-behind.ts';

type Bench = (ground: Ground) => Promise<unknown>;

const benches: Readonly<Record<string, Bench>> = { hits, localHits, getMany, stampede, limits, writesBehind };

const asked = process.argv.slice(2);
const chosen = Object.entries(benches).filter(([name]) => asked.length === 0 || asked.includes(name));
if (chosen.length === 0) throw new Error(`Benches are ${Object.keys(benches).join(', ')}.`);

console.log(
  `Node ${process.versions.node}, ${engineName()} on loopback, node-redis; ratios are ours to theirs in rates.`,
);
for (const [, bench] of chosen) {
  const outcome = await withServer((ground) => bench(ground));
  // Speed depends on the machine; this does not.
  if (outcome === false) process.exitCode = 1;
}

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what the kernel hands out for outgoing connections, and so that port + 10000, the cluster bus, is no port of ours. */
const LOWEST = 20_000;
const SPAN = 10_000;
const BUS_OFFSET = 10_000;
/** Workers running side by side pick from different residues. */
const LANES = 16;

const handedOut = new Set<number>();

/** Loopback ports nobody listens on, with their cluster bus ports free as well; never the same one twice in a process. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const lane = Number(process.env.VITEST_POOL_ID ?? 0) % LANES;
  const ports: number[] = [];
  while (ports.length < count) {
    const port = LOWEST + randomInt(SPAN / LANES) * LANES + lane;
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('No free port.');
  return port;
}

/** So low that the Sentinels, 20000 further, stay below what the kernel hands out as well. */
const LOWEST_BASE = 10_500;
/** More than the nodes of one stack reach, so that stacks of two workers never meet. */
const STRIDE = 24;
const PLACES_OF_A_WORKER = 46;
/** Where the nodes of a stack listen, as distances from the port that it is given. */
const NODES = [0, 1, 2, 10, 11, 20, 21, 20_000, 20_001, 20_002];

/** A port for a whole stack: nobody listens where its nodes will. */
export async function freeBase(): Promise<number> {
  const lane = Number(process.env.VITEST_POOL_ID ?? 0) % 2;
  for (;;) {
    const place = 2 * randomInt(PLACES_OF_A_WORKER) + lane;
    const base = LOWEST_BASE + place * STRIDE;
    if (handedOut.has(base)) continue;
    handedOut.add(base);
    const free = await Promise.all(NODES.map((distance) => isFree(base + distance)));
    if (free.every(Boolean)) return base;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

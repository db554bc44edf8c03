import { createServer } from 'node:net';

/** True when nobody listens on this port of the loopback address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

const LOWEST = 20_000;
const HIGHEST = 32_000;

/** The wanted port if it is free, otherwise any free one. */
export async function choosePort(wanted: number, taken: ReadonlySet<number>): Promise<number> {
  return !taken.has(wanted) && (await isFree(wanted)) ? wanted : anyPort(taken);
}

/** A free port below the range that outgoing connections use. */
export async function anyPort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

import type { Pair } from './pair.ts';

/**
 * Runs what holds up a server for so long that the others would take it for dead: until it has ended they wait longer.
 * Servers that do not answer keep their setting.
 */
export async function patiently<T>(pair: Pair, timeoutMs: number, run: () => Promise<T>): Promise<T> {
  const wanted = Math.round(Math.max(timeoutMs, pair.nodeTimeoutMs));
  await setNodeTimeout(pair, wanted);
  try {
    return await run();
  } finally {
    await setNodeTimeout(pair, pair.nodeTimeoutMs);
  }
}

async function setNodeTimeout(pair: Pair, ms: number): Promise<void> {
  const everyone = [pair.source, pair.target, ...pair.bystanders].flatMap(({ members }) => members);
  await Promise.all(
    everyone.map((member) =>
      pair.scouts.call(member, 'CONFIG', 'SET', 'cluster-node-timeout', String(ms)).catch(() => undefined),
    ),
  );
}

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import type { Check, Probe } from './probe-spec.ts';

/** Where a probe looks: a container for commands, an address for connections. */
export interface Place {
  readonly engine: Engine;
  readonly container: string;
  readonly ip: string;
}

/** Asks as often as the probe says until the signal comes, and tells each verdict that its thresholds allow. */
export async function probeUntil(
  probe: Probe,
  place: Place,
  signal: AbortSignal,
  verdict: (isGood: boolean) => void,
): Promise<void> {
  await pause(probe.initialDelay * 1000, signal);
  let good = 0;
  let bad = 0;
  while (!signal.aborted) {
    const began = performance.now();
    const isGood = await check(probe.check, place, probe.timeout * 1000);
    if (signal.aborted) return;
    good = isGood ? good + 1 : 0;
    bad = isGood ? 0 : bad + 1;
    if (good >= probe.successes) verdict(true);
    if (bad >= probe.failures) verdict(false);
    await pause(probe.period * 1000 - (performance.now() - began), signal);
  }
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}

async function check(what: Check, { engine, container, ip }: Place, timeoutMs: number): Promise<boolean> {
  if (what.kind === 'exec')
    return (await engine.ask(['exec', container, ...what.command], timeoutMs)).code === 0;
  if (what.kind === 'tcp') return await connects(ip, what.port, timeoutMs);
  const signal = AbortSignal.timeout(timeoutMs);
  return await fetch(`http://${ip}:${what.port}${what.path}`, { signal, redirect: 'manual' }).then(
    ({ status }) => status >= 200 && status < 400,
    () => false,
  );
}

function connects(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const tell = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => tell(true));
    socket.once('timeout', () => tell(false));
    socket.once('error', () => tell(false));
  });
}

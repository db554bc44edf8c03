import { setTimeout as sleep } from 'node:timers/promises';
import { anyPort } from '../../local/ports.ts';
import { readRecord, writeRecord } from '../../local/record.ts';
import { type Connection, withConnection } from '../../redis/connection.ts';
import type { Ground, PortSwap } from '../types.ts';
import type { NativeGround } from './native.ts';

/** The port that is passed on, and the one that its holder gets for it. */
const PORT = 'swap.port';
const SPARE = 'swap.spare';

/** Servers on loopback take another port by CONFIG SET; connections that stand stay. */
export function nativePorts(of: NativeGround, ground: Ground): PortSwap {
  const { journal } = of;
  const directive = of.after.spec.security.tls ? 'tls-port' : 'port';
  return {
    prepare: async (one) => {
      if (journal.fact(PORT) !== undefined) return;
      journal.note(SPARE, String(await anyPort(new Set())));
      journal.note(PORT, String(ground.member(one).at.port));
    },
    locate: async (one, other) => {
      if (journal.fact(PORT) === undefined) return;
      const names = [one, other];
      const known = [PORT, SPARE].map((fact) => Number(journal.fact(fact)));
      const ports = new Set([...known, ...names.map((name) => ground.member(name).at.port)]);
      for (const port of ports) {
        const pid = await servedBy(of, port);
        const name = names.find((one) => pidOf(of, one) === pid);
        if (name !== undefined && pid !== undefined) setPort(of, name, port);
      }
    },
    swap: async ([one, from], [other, to]) => {
      const wanted = Number(journal.fact(PORT));
      let spare = Number(journal.fact(SPARE));
      // On the way back the spare port is where the other one is now.
      if (ground.member(other).at.port === spare) {
        spare = await anyPort(new Set([spare, wanted]));
        journal.noteSoon(SPARE, String(spare));
      }
      await movePort(from, directive, spare);
      await movePort(to, directive, wanted);
      setPort(of, one, spare);
      setPort(of, other, wanted);
    },
  };
}

async function movePort(c: Connection, directive: string, port: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await c.call('CONFIG', 'SET', directive, String(port));
      return;
    } catch (error) {
      // The other server has let go of the port a moment ago.
      if (attempt >= 40 || !/bind|listen/i.test((error as Error).message)) throw error;
      await sleep(5);
    }
  }
}

/** The process that answers there, as one of our servers. */
async function servedBy({ credentials }: NativeGround, port: number): Promise<number | undefined> {
  const text = await withConnection({ host: '127.0.0.1', port }, credentials, (c) =>
    c.call('INFO', 'server'),
  ).catch(() => '');
  const pid = Number(/^process_id:(\d+)/m.exec(String(text))?.[1]);
  return pid > 0 ? pid : undefined;
}

const pidOf = ({ system: { files }, root }: NativeGround, name: string): number | undefined =>
  (readRecord(files, root) ?? []).find((one) => one.name === name)?.pid;

function setPort({ system: { files }, root, journal }: NativeGround, name: string, port: number): void {
  const record = readRecord(files, root) ?? [];
  writeRecord(
    files,
    root,
    record.map((one) => (one.name === name ? { ...one, port } : one)),
  );
  journal.place(name, { ...journal.data().places[name], port });
}

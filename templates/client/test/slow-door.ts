import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SlowDoor {
  readonly port: number;
  /** How long answers take from now on, in milliseconds. */
  delayMs: number;
  close(): void;
}

/** A way to a server through which answers come late, and in their order. */
export async function openSlowDoor(target: number): Promise<SlowDoor> {
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    const drop = (): void => {
      inner.destroy();
      outer.destroy();
    };
    for (const socket of [inner, outer]) sockets.add(socket.on('error', drop).on('close', drop));
    inner.on('data', (command) => outer.write(command));
    outer.on('data', (answer) => setTimeout(() => inner.write(answer), door.delayMs));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const door: SlowDoor = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return door;
}

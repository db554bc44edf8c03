import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface LossyDoor {
  readonly port: number;
  /** Lets the next command with this text through, and drops its connection in place of the answer. */
  loseAnswerTo(text: string): void;
  /** Whether that has happened. */
  hasLost(): boolean;
  close(): void;
}

/** A way to a server that can lose an answer after the command has had its effect. */
export async function openLossyDoor(target: number): Promise<LossyDoor> {
  const sockets = new Set<Socket>();
  let losing: string | undefined;
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    const drop = (): void => {
      for (const socket of [inner, outer]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [inner, outer]) sockets.add(socket.on('error', drop).on('close', drop));
    let isLosing = false;
    inner.on('data', (command) => {
      if (losing !== undefined && command.includes(losing)) {
        losing = undefined;
        isLosing = true;
      }
      outer.write(command);
    });
    outer.on('data', (answer) => (isLosing ? drop() : inner.write(answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswerTo: (text) => {
      losing = text;
    },
    hasLost: () => losing === undefined,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
